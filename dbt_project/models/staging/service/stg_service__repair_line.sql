-- 一行 = 一条维修行的一个版本。
with source as (
    select * from {{ source('raw', 'service__repair_line') }}
),

renamed as (
    select
        ----------  编号
        record_id,
        voice_id as feedback_id,
        version_key,
        content_hash,

        ----------  契约字段
        visit_no,
        cast(line_no as integer) as line_no,
        vin_key,
        vin8_key,
        vin_wmi,
        cast(vin_model_year as integer) as vin_model_year,
        vin_plant,
        dealer_code,
        payer,
        part_code,
        fault_code,
        labour_code,
        cast(labour_h as decimal(18, 6)) as labour_h,
        cast(parts_amount_cny as decimal(18, 2)) as parts_amount_cny,
        cast(labour_amount_cny as decimal(18, 2)) as labour_amount_cny,
        cause_note,
        correction_note,
        cast(is_repeat_repair as boolean) as is_repeat_repair,
        cast(part_wait_days as decimal(18, 6)) as part_wait_days,
        cast(opened_at as timestamp) as opened_at,
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
