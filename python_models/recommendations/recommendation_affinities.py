def model(dbt, session):
    dbt.config(materialized="table")
    from trader_segments.recommendation import affinity_table

    uses = dbt.ref("int_recommendation_sample").order("trader_id, item_id").df()
    as_of_date = dbt.ref("int_as_of_date").fetchall()[0][0]
    return affinity_table(uses, as_of_date, **dbt.config.get("settings"))
