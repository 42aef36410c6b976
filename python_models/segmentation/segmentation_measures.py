def model(dbt, session):
    dbt.config(materialized="table")
    from trader_segments.segmentation import champion, measure_quality, predecessor

    models = dbt.ref("segmentation_fits").df()
    version, segmentation = champion(models)
    features = dbt.ref("trader_features").order("trader_id").df()
    measures = measure_quality(segmentation, features, predecessor(models))
    return measures.assign(model_version=version)
