def model(dbt, session):
    dbt.config(materialized="table", database="restricted")
    from pathlib import Path

    from trader_segments.screening import nobody_screened, read_lists, screen_all

    lists = read_lists(Path(dbt.config.get("lists")))
    if lists is None:
        return nobody_screened()
    from trader_segments.dbt_models import earlier_rows

    return screen_all(
        dbt.ref("int_screened_customers").df(),
        dbt.ref("int_screened_addresses").df(),
        lists,
        earlier_rows(session, dbt.this),
        threshold=float(dbt.config.get("threshold")),
    )
