def model(dbt, session):
    dbt.config(materialized="table")
    from trader_segments.segmentation import champion, rule_table

    _, segmentation = champion(dbt.ref("segmentation_fits").df())
    return rule_table(segmentation)
