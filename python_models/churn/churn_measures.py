def model(dbt, session):
    dbt.config(materialized="table")
    from trader_segments.churn import measure_rows

    return measure_rows(dbt.ref("churn_fits").df())
