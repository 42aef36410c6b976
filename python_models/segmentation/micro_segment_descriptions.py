def model(dbt, session):
    dbt.config(materialized="table")
    from trader_segments.segmentation import champion, micro_segment_table

    version, segmentation = champion(dbt.ref("segmentation_fits").df())
    return micro_segment_table(segmentation.micro_segments).assign(model_version=version)
