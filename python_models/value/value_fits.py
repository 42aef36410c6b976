def model(dbt, session):
    dbt.config(materialized="table")
    from trader_segments.lifetime_value import fit_models

    histories = dbt.ref("int_trader_value_histories").order("holdout_weeks, trader_id").df()
    weeks = dbt.ref("int_venue_value_periods").order("weeks_ago").df()
    return fit_models(histories, weeks)
