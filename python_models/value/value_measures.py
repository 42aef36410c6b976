def model(dbt, session):
    dbt.config(materialized="table")
    from trader_segments.lifetime_value import measure_forecast

    histories = dbt.ref("int_trader_value_histories").order("holdout_weeks, trader_id").df()
    settings = dbt.config.get("settings")
    half_life = float(settings["half_life_weeks"])
    return measure_forecast(dbt.ref("value_fits").df(), histories, half_life=half_life)
