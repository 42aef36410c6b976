def model(dbt, session):
    dbt.config(materialized="table")
    from trader_segments.segmentation import champion
    from trader_segments.segmentation.drift import reference_of, segment_drift

    version, _ = champion(dbt.ref("segmentation_fits").df())
    reference = reference_of(dbt.ref("drift_reference").df(), version)
    scores = segment_drift(reference, dbt.ref("drift_sample").df())
    date = reference["reference_date"].min()
    return scores.assign(model_version=version, reference_date=date)
