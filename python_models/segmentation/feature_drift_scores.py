def model(dbt, session):
    dbt.config(materialized="table")
    from trader_segments.dbt_models import registered_features
    from trader_segments.segmentation import champion
    from trader_segments.segmentation.drift import active_sample, feature_drift, reference_of

    version, segmentation = champion(dbt.ref("segmentation_fits").df())
    reference = reference_of(dbt.ref("drift_reference").df(), version)
    features = dbt.ref("trader_features").order("trader_id").df()
    specs = registered_features(dbt.config.get("features"))
    current = active_sample(segmentation, features, dbt.ref("trader_segments").df(), specs)
    scores = feature_drift(reference, current, specs)
    date = reference["reference_date"].min()
    return scores.assign(model_version=version, reference_date=date)
