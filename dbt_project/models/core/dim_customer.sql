-- 一行 = 一位客户（假名键）的一个版本，自 valid_from 起（含）至 valid_to 止（不含，空 = 至今）。
-- 现况用 is_current；当时的情况用日期落在其间的那一行。
with numbered as (
    select
        versions.*,
        row_number() over (
            partition by record_id order by version_key asc nulls last, content_hash asc nulls last
        ) as known_no
    from {{ ref('int_customer_version') }} as versions
),

dated as (
    select
        numbered.*,
        -- What was known first is taken to have held since the customer registered.
        case
            when known_no = 1 and event_date < {{ shanghai_date('updated_at') }} then event_date
            else {{ shanghai_date('updated_at') }}
        end as valid_from
    from numbered
),

last_of_day as (
    select
        dated.*,
        row_number() over (
            partition by customer_key, valid_from
            order by {{ version_order() }}, record_id asc nulls last
        ) as newness_rank
    from dated
),

bounded as (
    select
        last_of_day.*,
        lead(valid_from) over (partition by customer_key order by valid_from asc nulls last) as valid_to,
        row_number() over (partition by customer_key order by valid_from asc nulls last) as version_no
    from last_of_day
    where newness_rank = 1
),

keys as (
    select * from {{ ref('int_identity_key') }}
    where domain = 'customer'
)

select
    ----------  编号
    cast(bounded.customer_key as string) as customer_key,
    cast(bounded.version_no as integer) as version_no,
    cast(keys.person_id as string) as person_id,
    cast(keys.household_id as string) as household_id,
    cast(bounded.phone_key as string) as phone_key,
    cast(bounded.mail_key as string) as mail_key,
    cast(bounded.id_card_key as string) as id_card_key,

    ----------  属性
    cast(bounded.province_zh as string) as province_zh,
    cast(bounded.city_zh as string) as city_zh,
    cast(bounded.gender as string) as gender,
    cast(bounded.birth_year as integer) as birth_year,
    cast(bounded.customer_kind as string) as customer_kind,
    cast(bounded.income_band as string) as income_band,

    ----------  是否
    cast(bounded.valid_to is null as boolean) as is_current,

    ----------  时间
    cast(bounded.registered_at as timestamp) as registered_at,
    cast(bounded.event_date as date) as registered_date,
    cast(bounded.updated_at as timestamp) as updated_at,
    cast(bounded.valid_from as date) as valid_from,
    cast(bounded.valid_to as date) as valid_to
from bounded
left join keys on bounded.customer_key = keys.identity_key
where not bounded.is_deleted
