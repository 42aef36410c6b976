def model(dbt, session):
    dbt.config(materialized="table")
    from trader_segments.dbt_models import earlier_rows, feature_frame, registered_features
    from trader_segments.segmentation import choose_model, required_columns

    specs, rules = registered_features(dbt.config.get("features")), dbt.ref("style_rules").df()
    as_of_date = dbt.ref("int_as_of_date").fetchall()[0][0]
    return choose_model(
        earlier_rows(session, dbt.this),
        feature_frame(dbt.ref("trader_features"), required_columns(specs, rules)),
        specs,
        rules,
        as_of_date,
        dbt.config.get("fitted_at"),
        bool(dbt.config.get("refit")),
        styles=dbt.ref("styles").df(),
    )
