def model(dbt, session):
    dbt.config(materialized="table")
    import pandas as pd

    from trader_segments.dbt_models import feature_batches
    from trader_segments.segmentation import champion, style_reasons

    _, segmentation = champion(dbt.ref("segmentation_fits").df())
    batches = feature_batches(dbt.ref("trader_features"), segmentation.feature_names)
    none = pd.DataFrame({"trader_id": [], "top_reasons": []}, dtype="str")
    return pd.concat([none, *(style_reasons(segmentation, batch) for batch in batches)])
