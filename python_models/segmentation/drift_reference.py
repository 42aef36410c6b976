def model(dbt, session):
    dbt.config(materialized="table")
    from trader_segments.dbt_models import earlier_rows
    from trader_segments.segmentation import champion
    from trader_segments.segmentation.drift import keep_reference

    version, _ = champion(dbt.ref("segmentation_fits").df())
    sample = dbt.ref("drift_sample").df()
    as_of_date = dbt.ref("int_as_of_date").fetchall()[0][0]
    return keep_reference(earlier_rows(session, dbt.this), sample, version, as_of_date)
