def model(dbt, session):
    dbt.config(materialized="table")
    from trader_segments.dbt_models import feature_sample, registered_features
    from trader_segments.segmentation import champion
    from trader_segments.segmentation.drift import SAMPLE_ROWS, active_sample

    _, segmentation = champion(dbt.ref("segmentation_fits").df())
    specs = registered_features(dbt.config.get("features"))
    names = sorted({*segmentation.feature_names, *(spec["name"] for spec in specs)})
    features = feature_sample(
        session, dbt.ref("trader_features"), names, SAMPLE_ROWS, active_in=segmentation
    )
    segments = dbt.ref("trader_segments").project("trader_id, segment_id").df()
    return active_sample(segmentation, features, segments, specs)
