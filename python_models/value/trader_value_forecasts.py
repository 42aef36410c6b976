def model(dbt, session):
    dbt.config(materialized="table")
    from trader_segments.lifetime_value import ValueModel, forecast_traders

    model = ValueModel.from_rows(dbt.ref("value_fits").filter("holdout_weeks = 0").df())
    histories = dbt.ref("int_trader_value_histories").filter("holdout_weeks = 0")
    settings = dbt.config.get("settings")
    return forecast_traders(
        model,
        histories.order("trader_id").df(),
        [13, 26, 52],
        annual_discount_rate=float(settings["annual_discount_rate"]),
        half_life=float(settings["half_life_weeks"]),
    )
