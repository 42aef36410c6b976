-- What each account is for: the first rule of account_purpose_rules of which all conditions hold.
{%- set measures = [
    'hedged_share', 'recent_fill_count', 'fill_count', 'position_count', 'is_vault', 'equity_usd',
    'recent_transfer_count',
] %}
{%- set rows = [] %}
{%- for measure in measures %}
{%- do rows.append(["'" ~ measure ~ "'", 'cast(' ~ measure ~ ' as double)']) %}
{%- endfor %}
with

measures as (
    {{ unpivoted(ref('int_account_measures'), ['account_id'], ['measure', 'measure_value'], rows) }}
),

conditions as (
    select * from {{ ref('account_purpose_rules') }}
),

rules as (
    select
        priority,
        min(purpose) as purpose,
        count(*) as condition_count
    from conditions
    group by 1
),

rules_met as (
    select
        measures.account_id,
        conditions.priority,
        count(*) as met_count
    from measures
    inner join conditions on measures.measure = conditions.measure
    where {{ condition_holds('measures.measure_value', 'conditions.operator', 'conditions.threshold') }}
    group by 1, 2
),

first_rules as (
    select
        rules_met.account_id,
        min(rules.priority) as priority
    from rules_met
    inner join rules on rules_met.priority = rules.priority
    where rules_met.met_count = rules.condition_count
    group by 1
),

final as (
    select
        first_rules.account_id,
        rules.purpose,
        first_rules.priority as purpose_rule
    from first_rules
    inner join rules on first_rules.priority = rules.priority
)

select * from final
