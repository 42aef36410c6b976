def model(dbt, session):
    dbt.config(materialized="table")
    from trader_segments.choices import choice_backtest

    return choice_backtest(
        choice_sets=dbt.ref("int_cut_choice_sets").df(),
        part_worths=dbt.ref("int_cut_part_worths").df(),
        trader_choices=dbt.ref("int_cut_trader_choices").df(),
        traders=dbt.ref("int_sampled_traders").df(),
        scales=dbt.ref("int_attribute_scales").df(),
        offers=dbt.ref("int_new_expiry_offers").df(),
        chosen=dbt.ref("int_new_expiry_choices").df(),
    )
