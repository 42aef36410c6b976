def model(dbt, session):
    dbt.config(materialized="table")
    from trader_segments.campaigns.qini import qini_curves

    outcomes = dbt.ref("int_campaign_outcomes").order("campaign_id, trader_id").df()
    return qini_curves(outcomes)
