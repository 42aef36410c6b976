def model(dbt, session):
    dbt.config(materialized="table")
    from trader_segments.dbt_models import registered_features
    from trader_segments.segmentation import champion
    from trader_segments.segmentation.drift import feature_drift, reference_of

    version, _ = champion(dbt.ref("segmentation_fits").df())
    reference = reference_of(dbt.ref("drift_reference").df(), version)
    specs = registered_features(dbt.config.get("features"))
    scores = feature_drift(reference, dbt.ref("drift_sample").df(), specs)
    date = reference["reference_date"].min()
    return scores.assign(model_version=version, reference_date=date)
