def model(dbt, session):
    dbt.config(materialized="table")
    from trader_segments.groups import linked_groups

    return linked_groups(dbt.ref("int_money_links").df())
