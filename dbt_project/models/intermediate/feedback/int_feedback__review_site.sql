-- 一行 = 一条口碑评价，按统一反馈记录的列表达。
-- 来源只有分项评分，没有总评：星级为给出的各分项的平均。
{%- set items = [
    'score_space', 'score_power', 'score_handling', 'score_energy', 'score_comfort', 'score_exterior',
    'score_interior', 'score_value', 'score_smart',
] %}
with reviews as (
    select * from {{ ref('stg_review_site__review') }}
),

conformed as (
    select
        ----------  编号
        record_id,
        feedback_id,
        'review_site' as channel,
        review_no as source_voice_no,
        cast(null as string) as thread_no,
        cast(null as string) as reply_to_no,
        cast(null as string) as repost_of_no,

        ----------  来源给出的身份与车型
        cast(null as string) as customer_key,
        cast(null as string) as phone_key,
        cast(null as string) as mail_key,
        cast(null as string) as account_key,
        author_key as handle_key,
        cast(null as string) as vin_key,
        cast(null as string) as vin8_key,
        cast(null as string) as plate_key,
        cast(null as string) as dealer_code,
        cast(null as string) as order_no,
        'public' as author_role,
        cast(null as string) as brand_zh,
        series_zh,
        model_zh,
        cast(null as string) as source_category_zh,
        {% set marks = '(coalesce(' ~ items | join(', 0) + coalesce(') ~ ', 0))' %}
        {% set one = ' is null then 0 else 1 end' %}
        {% set given = '(case when ' ~ items | join(one ~ ' + case when ') ~ one ~ ')' %}
        {{ rounded(marks ~ ' / nullif(' ~ given ~ ', 0)', 3, 2) }} as star_score,
        cast(null as string) as software_version,

        ----------  原声
        verbatim,
        score_input_hash,
        {{ list_as_text('text_keys') }} as text_keys,
        cast(null as integer) as record_seq,
        (verbatim is not null) as is_voice,

        ----------  版本与血缘
        {{ version_columns() }}
    from reviews
)

select * from conformed
