def model(dbt, session):
    dbt.config(materialized="table")
    from trader_segments.recommendation import measure_affinity

    uses = dbt.ref("int_recommendation_sample").order("trader_id, item_id").df()
    as_of_date = dbt.ref("int_as_of_date").fetchall()[0][0]
    return measure_affinity(uses, as_of_date, **dbt.config.get("settings"))
