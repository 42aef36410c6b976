def model(dbt, session):
    dbt.config(materialized="table")
    from trader_segments.dbt_models import earlier_rows, registered_features
    from trader_segments.segmentation import choose_model

    features = dbt.ref("trader_features").order("trader_id").df()
    as_of_date = dbt.ref("int_as_of_date").fetchall()[0][0]
    return choose_model(
        earlier_rows(session, dbt.this),
        features,
        registered_features(dbt.config.get("features")),
        dbt.ref("style_rules").df(),
        as_of_date,
        dbt.config.get("fitted_at"),
        bool(dbt.config.get("refit")),
        styles=dbt.ref("styles").df(),
    )
