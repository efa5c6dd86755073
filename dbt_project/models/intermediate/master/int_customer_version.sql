-- 一行 = 一位客户主数据的一个版本；版本相同而内容不同时，取散列大者。
{%- set columns = [
    'customer_key', 'phone_key', 'mail_key', 'id_card_key', 'province_zh', 'city_zh', 'gender', 'birth_year',
    'customer_kind', 'income_band', 'registered_at', 'updated_at',
] %}
with versions as (
    select {{ columns | join(', ') }}, record_id, {{ version_columns() }}
    from {{ ref('stg_customers_vehicles__customer') }}
    {% if is_incremental() %}
    union all
    select {{ columns | join(', ') }}, record_id, {{ version_columns() }}
    from {{ this }}
    where {{ in_affected_days('event_date', 'customers_vehicles__customer') }}
    {% endif %}
),

ranked as (
    select
        versions.*,
        -- 同一版本可由几份交付带来：版本键在「|」之后是收到的先后，与客户的历史无关。
        row_number() over (
            partition by record_id, split_part(version_key, '|', 1) order by {{ version_order() }}
        ) as copy_rank
    from versions
)

select {{ columns | join(', ') }}, record_id, {{ version_columns() }}
from ranked
where copy_rank = 1
order by event_date, record_id, version_key
