-- 一行 = 一通客服电话的一个版本。
with source as (
    select * from {{ source('raw', 'call_center__call') }}
),

renamed as (
    select
        ----------  编号
        record_id,
        voice_id as feedback_id,
        version_key,
        content_hash,

        ----------  契约字段
        call_no,
        cast(started_at as timestamp) as started_at,
        cast(ended_at as timestamp) as ended_at,
        cast(updated_at as timestamp) as updated_at,
        status,
        caller_phone_key,
        customer_key,
        vin_key,
        vin8_key,
        vin_wmi,
        cast(vin_model_year as integer) as vin_model_year,
        vin_plant,
        agent_no,
        queue,
        cast(wait_s as integer) as wait_s,
        cast(wrap_up_s as integer) as wrap_up_s,
        agent_tags,

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
