def model(dbt, session):
    dbt.config(materialized="table")
    import pandas as pd

    from trader_segments.churn import score
    from trader_segments.dbt_models import batches

    versions = dbt.ref("churn_fits").df()
    today = dbt.ref("int_churn_snapshots").filter("weeks_ago = 0")
    scored = [score(versions, batch) for batch in batches(today)]
    return pd.concat([score(versions, today.limit(0).df()), *scored])
