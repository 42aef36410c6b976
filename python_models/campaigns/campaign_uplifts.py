def model(dbt, session):
    dbt.config(materialized="table")
    from trader_segments.campaigns.results import measure_campaigns

    measurement = dbt.config.get("measurement")
    outcomes = dbt.ref("int_campaign_outcomes").order("campaign_id, trader_id").df()
    return measure_campaigns(outcomes, measurement["least_uplift"])
