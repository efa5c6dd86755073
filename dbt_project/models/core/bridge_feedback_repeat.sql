-- 一行 = 一个与别的声音重复的声音，附它的重复编组：一字不差、略有改动或同一模板。
-- 编组只为把传播与声音分开计数，从不合并声音。一个声音有几段文字时取最长的一段。
-- 它是视图：新到的文字可把旧编组连起来，存成表就要重写历史。
with texts as (
    select
        records.feedback_id,
        records.score_input_hash,
        records.verbatim,
        row_number() over (
            partition by records.feedback_id
            order by length(records.verbatim) desc nulls last, records.score_input_hash asc nulls last
        ) as length_rank
    from {{ ref('int_feedback_record') }} as records
    where records.is_text_bearer
),

voices as (
    select
        texts.feedback_id,
        feedback.channel,
        feedback.author_key,
        feedback.feedback_date,
        feedback.occurred_at,
        texts.score_input_hash,
        coalesce(text_groups.text_group_id, texts.score_input_hash) as repeat_group_id,
        coalesce(text_groups.similarity_to_group, 1) as similarity_to_group
    from texts
    inner join {{ ref('fct_feedback') }} as feedback on texts.feedback_id = feedback.feedback_id
    left join {{ ref('int_text_group') }} as text_groups
        on texts.score_input_hash = text_groups.score_input_hash
    where texts.length_rank = 1 and {{ is_long_enough_to_copy(only_word_characters('texts.verbatim')) }}
),

group_totals as (
    select
        repeat_group_id,
        count(*) as group_size,
        count(distinct author_key) as distinct_authors,
        count(distinct score_input_hash) as distinct_texts
    from voices
    group by repeat_group_id
    having count(*) > 1
),

ranked as (
    select
        voices.*,
        group_totals.group_size,
        group_totals.distinct_authors,
        group_totals.distinct_texts,
        row_number() over (
            partition by voices.repeat_group_id
            order by voices.occurred_at asc nulls last, voices.feedback_id asc nulls last
        ) as origin_rank
    from voices
    inner join group_totals on voices.repeat_group_id = group_totals.repeat_group_id
)

select
    cast(feedback_id as string) as feedback_id,
    cast(repeat_group_id as string) as repeat_group_id,
    cast(case
        when distinct_texts = 1 then 'exact'
        when distinct_texts >= 5 and distinct_authors >= 5 then 'template'
        else 'edited'
    end as string) as group_kind,
    cast(origin_rank = 1 as boolean) as is_origin,
    cast(similarity_to_group as decimal(9, 6)) as similarity_to_group,
    cast(group_size as integer) as group_size,
    cast(distinct_texts as integer) as distinct_texts,
    cast(distinct_authors as integer) as distinct_authors
from ranked
