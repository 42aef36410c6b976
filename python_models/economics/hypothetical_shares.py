def model(dbt, session):
    dbt.config(materialized="table")
    from trader_segments import choices

    settings = choices.Settings.of(
        dbt.config.get("derived_utility"),
        dbt.config.get("largest_leverage"),
        dbt.ref("margin_rates").df(),
    )
    least = dbt.config.get("backtest")["least_expected"]
    venue = choices.Venue(
        choice_sets=dbt.ref("int_cut_choice_sets").df(),
        part_worths=dbt.ref("int_cut_part_worths").df(),
        trader_choices=dbt.ref("int_cut_trader_choices").df(),
        traders=dbt.ref("int_sampled_traders").df(),
        scales=dbt.ref("int_attribute_scales").df(),
        terms=dbt.ref("int_underlying_terms").df(),
        model_error=choices.model_error(dbt.ref("choice_backtest").df(), least),
        settings=settings,
    )
    instruments = choices.read_instruments(dbt.ref("hypothetical_instruments").df())
    return choices.hypothetical_shares(instruments, venue)
