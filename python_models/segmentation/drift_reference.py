def model(dbt, session):
    dbt.config(materialized="table")
    from trader_segments.dbt_models import earlier_rows, registered_features
    from trader_segments.segmentation import champion
    from trader_segments.segmentation.drift import active_sample, keep_reference

    version, segmentation = champion(dbt.ref("segmentation_fits").df())
    features = dbt.ref("trader_features").order("trader_id").df()
    segments = dbt.ref("trader_segments").df()
    as_of_date = dbt.ref("int_as_of_date").fetchall()[0][0]
    specs = registered_features(dbt.config.get("features"))
    sample = active_sample(segmentation, features, segments, specs)
    return keep_reference(earlier_rows(session, dbt.this), sample, version, as_of_date)
