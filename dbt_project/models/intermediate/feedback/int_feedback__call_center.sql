-- 一行 = 一通客服电话，按统一反馈记录的列表达。
with calls as (
    select * from {{ ref('stg_call_center__call') }}
),

conformed as (
    select
        ----------  编号
        record_id,
        feedback_id,
        'call_center' as channel,
        call_no as source_voice_no,

        ----------  来源给出的身份与车型
        customer_key,
        caller_phone_key as phone_key,
        vin_key,
        cast(null as string) as brand_zh,
        cast(null as string) as series_zh,
        cast(null as string) as model_zh,
        queue as source_category_zh,

        ----------  原声
        verbatim,
        score_input_hash,
        {{ list_as_text('text_keys') }} as text_keys,
        true as is_voice,

        ----------  版本与血缘
        {{ version_columns() }}
    from calls
)

select * from conformed
