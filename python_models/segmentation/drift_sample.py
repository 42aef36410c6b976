def model(dbt, session):
    dbt.config(materialized="table")
    from trader_segments.dbt_models import registered_features
    from trader_segments.segmentation import champion
    from trader_segments.segmentation.drift import active_sample

    _, segmentation = champion(dbt.ref("segmentation_fits").df())
    features = dbt.ref("trader_features").order("trader_id").df()
    specs = registered_features(dbt.config.get("features"))
    return active_sample(segmentation, features, dbt.ref("trader_segments").df(), specs)
