def model(dbt, session):
    dbt.config(materialized="table")
    from trader_segments.choices import choice_quality

    backtest = dbt.config.get("backtest")
    return choice_quality(dbt.ref("choice_backtest").df(), backtest["least_expected"])
