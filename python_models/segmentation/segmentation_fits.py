def model(dbt, session):
    dbt.config(materialized="table")
    from trader_segments import dbt_models
    from trader_segments.segmentation import PromotionPolicy, RefitPolicy, choose_model
    from trader_segments.segmentation.fitting import required_columns

    specs = dbt_models.registered_features(dbt.config.get("features"))
    rules = dbt.ref("style_rules").df()
    as_of_date = dbt.ref("int_as_of_date").fetchall()[0][0]
    drift_reference = dbt_models.sibling(dbt.this, "drift_reference")
    return choose_model(
        dbt_models.earlier_rows(session, dbt.this),
        dbt_models.feature_frame(dbt.ref("trader_features"), required_columns(specs, rules)),
        specs,
        rules,
        as_of_date,
        dbt.config.get("fitted_at"),
        styles=dbt.ref("styles").df(),
        references=dbt_models.earlier_rows(session, drift_reference),
        refit=bool(dbt.config.get("refit")),
        promote=dbt.config.get("promote"),
        refits=RefitPolicy(**dbt.config.get("refits")),
        promotion=PromotionPolicy(**dbt.config.get("promotion")),
    )
