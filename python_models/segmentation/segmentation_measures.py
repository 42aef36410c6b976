def model(dbt, session):
    dbt.config(materialized="table")
    from trader_segments.dbt_models import feature_sample
    from trader_segments.segmentation import champion, measure_quality, predecessor
    from trader_segments.segmentation.quality import SAMPLE_ROWS

    models = dbt.ref("segmentation_fits").df()
    (version, segmentation), before = champion(models), predecessor(models)
    names = {*segmentation.feature_names, *(before.feature_names if before else ())}
    sample = feature_sample(session, dbt.ref("trader_features"), sorted(names), SAMPLE_ROWS)
    return measure_quality(segmentation, sample, before).assign(model_version=version)
