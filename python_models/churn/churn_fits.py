def model(dbt, session):
    dbt.config(materialized="table")
    from trader_segments.churn import fit_versions

    as_of_date = dbt.ref("int_as_of_date").fetchall()[0][0]
    return fit_versions(
        dbt.ref("int_churn_sample").df(),
        dbt.ref("int_churn_cells").df(),
        as_of_date,
        active_weeks=int(dbt.config.get("active_weeks")),
        horizon_weeks=int(dbt.config.get("horizon_weeks")),
    )
