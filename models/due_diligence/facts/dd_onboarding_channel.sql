-- How the customer came, in the kinds of the seed onboarding_channels; `other` where that does not know the word.
with

customers as (
    select * from {{ ref('stg_customers') }}
    where not {{ is_blank('onboarding_channel') }}
),

channels as (
    select * from {{ ref('onboarding_channels') }}
),

final as (
    select
        customers.trader_id,
        1 as fact_value,
        coalesce(channels.channel_kind, 'other') as detail
    from customers
    left join channels on lower(trim(customers.onboarding_channel)) = channels.channel
)

select * from final
