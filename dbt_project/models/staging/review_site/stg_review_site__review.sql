-- 一行 = 一条口碑评价的一个版本。
with source as (
    select * from {{ source('raw', 'review_site__review') }}
),

renamed as (
    select
        ----------  编号
        record_id,
        voice_id as feedback_id,
        version_key,
        content_hash,

        ----------  契约字段
        review_no,
        author_key,
        series_zh,
        model_zh,
        city_zh,
        cast(purchase_month as date) as purchase_month,
        cast(paid_price_cny as decimal(18, 2)) as paid_price_cny,
        cast(mileage_km as integer) as mileage_km,
        cast(score_space as integer) as score_space,
        cast(score_power as integer) as score_power,
        cast(score_handling as integer) as score_handling,
        cast(score_energy as integer) as score_energy,
        cast(score_comfort as integer) as score_comfort,
        cast(score_exterior as integer) as score_exterior,
        cast(score_interior as integer) as score_interior,
        cast(score_value as integer) as score_value,
        cast(score_smart as integer) as score_smart,
        cast(posted_at as timestamp) as posted_at,
        cast(updated_at as timestamp) as updated_at,

        ----------  原声
        verbatim,
        score_input_hash,
        text_keys,

        ----------  时间
        event_at,
        event_date,
        event_basis,
        received_at,
        ingest_date,

        ----------  血缘
        delivery_id,
        record_ordinal,
        is_deleted,
        contract_version,
        masker_version
    from source
)

select * from renamed
