def model(dbt, session):
    dbt.config(materialized="table")
    from trader_segments.segmentation import champion
    from trader_segments.segmentation.drift import active_sample, reference_of, segment_drift

    version, segmentation = champion(dbt.ref("segmentation_fits").df())
    reference = reference_of(dbt.ref("drift_reference").df(), version)
    features = dbt.ref("trader_features").order("trader_id").df()
    current = active_sample(segmentation, features, dbt.ref("trader_segments").df(), [])
    scores = segment_drift(reference, current)
    date = reference["reference_date"].min()
    return scores.assign(model_version=version, reference_date=date)
