-- 一行 = 一条投诉记录，按统一反馈记录的列表达。
with complaints as (
    select * from {{ ref('stg_complaint_site__complaint') }}
),

conformed as (
    select
        ----------  编号
        record_id,
        feedback_id,
        'complaint_site' as channel,
        complaint_no as source_voice_no,

        ----------  来源给出的身份与车型
        cast(null as string) as customer_key,
        cast(null as string) as phone_key,
        cast(null as string) as vin_key,
        brand_zh,
        series_zh,
        model_zh,
        cast(concat_ws('/', problem_system_zh, problem_type_zh) as string) as source_category_zh,

        ----------  原声
        verbatim,
        score_input_hash,
        {{ list_as_text('text_keys') }} as text_keys,
        true as is_voice,

        ----------  版本与血缘
        {{ version_columns() }}
    from complaints
)

select * from conformed
