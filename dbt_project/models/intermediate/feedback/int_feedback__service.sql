-- 一行 = 一条维修行，按统一反馈记录的列表达。
-- 工单上由技师记下的客户主诉，不是客户的原话；没有主诉的维修行不是声音。
with repair_lines as (
    select * from {{ ref('stg_service__repair_line') }}
),

conformed as (
    select
        ----------  编号
        record_id,
        feedback_id,
        'service' as channel,
        concat_ws('-', visit_no, cast(line_no as string)) as source_voice_no,
        visit_no as thread_no,
        cast(null as string) as reply_to_no,
        cast(null as string) as repost_of_no,

        ----------  来源给出的身份与车型
        cast(null as string) as customer_key,
        cast(null as string) as phone_key,
        cast(null as string) as mail_key,
        cast(null as string) as account_key,
        cast(null as string) as handle_key,
        vin_key,
        vin8_key,
        cast(null as string) as plate_key,
        dealer_code,
        cast(null as string) as order_no,
        'technician' as author_role,
        cast(null as string) as brand_zh,
        cast(null as string) as series_zh,
        cast(null as string) as model_zh,
        payer as source_category_zh,
        cast(null as decimal(3, 2)) as star_score,
        cast(null as string) as software_version,

        ----------  原声
        verbatim,
        score_input_hash,
        {{ list_as_text('text_keys') }} as text_keys,
        cast(null as integer) as record_seq,
        (verbatim is not null) as is_voice,

        ----------  版本与血缘
        {{ version_columns() }}
    from repair_lines
)

select * from conformed
