def model(dbt, session):
    dbt.config(materialized="table")
    from trader_segments.segmentation import champion, measure_quality

    version, segmentation = champion(dbt.ref("segmentation_fits").df())
    features = dbt.ref("trader_features").order("trader_id").df()
    return measure_quality(segmentation, features).assign(model_version=version)
