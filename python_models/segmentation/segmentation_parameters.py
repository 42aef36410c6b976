def model(dbt, session):
    dbt.config(materialized="table")
    from trader_segments.segmentation import champion, parameter_table

    _, segmentation = champion(dbt.ref("segmentation_fits").df())
    return parameter_table(segmentation)
