def model(dbt, session):
    dbt.config(materialized="table")
    from trader_segments.dbt_models import earlier_rows, registered_features, sibling
    from trader_segments.segmentation import PromotionPolicy, RefitPolicy, choose_model

    features = dbt.ref("trader_features").order("trader_id").df()
    as_of_date = dbt.ref("int_as_of_date").fetchall()[0][0]
    refits = RefitPolicy(**dbt.config.get("refits"))
    promotion = PromotionPolicy(**dbt.config.get("promotion"))
    return choose_model(
        earlier_rows(session, dbt.this),
        features,
        registered_features(dbt.config.get("features")),
        dbt.ref("style_rules").df(),
        as_of_date,
        dbt.config.get("fitted_at"),
        styles=dbt.ref("styles").df(),
        references=earlier_rows(session, sibling(dbt.this, "drift_reference")),
        refit=bool(dbt.config.get("refit")),
        promote=dbt.config.get("promote"),
        refits=refits,
        promotion=promotion,
    )
