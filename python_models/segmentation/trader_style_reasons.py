def model(dbt, session):
    dbt.config(materialized="table")
    from trader_segments.segmentation import champion, score

    _, segmentation = champion(dbt.ref("segmentation_fits").df())
    features = dbt.ref("trader_features").order("trader_id").df()
    return score(segmentation, features).traders[["trader_id", "top_reasons"]]
