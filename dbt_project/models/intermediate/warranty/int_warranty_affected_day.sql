-- 一行 = 一个须重建索赔事实的故障日：索赔变动的日子，加上车辆主数据变动所牵涉索赔的日子。
with own_days as (
    {{ affected_days('warranty_claims__claim_line') }}
),

days_of_changed_vehicles as (
    select claim_lines.event_date
    from {{ ref('int_warranty_claim_line') }} as claim_lines
    inner join {{ ref('stg_customers_vehicles__vehicle') }} as vehicles
        on claim_lines.vin_key = vehicles.vin_key
)

select event_date from own_days
union distinct
select event_date from days_of_changed_vehicles
