-- 一行 = 一个声音对一个属性的看法。同一声音里对同一属性的多处提及合为一行：
-- 取最有力的一处（紧急、强烈、有把握者先）作代表，并数出正、中、负各几处。
-- 佐证文字在排序之前就截好：不让整段原声跟着每一处提及走。
with mentions as (
    select
        texts.feedback_id,
        texts.text_seq,
        mentions.mention_seq,
        mentions.aspect_code,
        mentions.polarity,
        mentions.intensity,
        mentions.urgency,
        mentions.confidence,
        mentions.is_cold_start,
        mentions.scorer_version,
        texts.text_start + mentions.evidence_start as evidence_start,
        texts.text_start + mentions.evidence_end as evidence_end,
        substring(texts.verbatim, mentions.evidence_start + 1, mentions.evidence_end - mentions.evidence_start)
            as evidence_text,
        {{ urgency_rank('mentions.urgency') }} as urgency_rank
    from {{ ref('int_feedback_mention') }} as mentions
    inner join {{ ref('int_feedback_text') }} as texts
        on mentions.record_id = texts.record_id and mentions.content_hash = texts.content_hash
    where
        {{ in_affected_days('mentions.voice_date', 'feedback') }}
        and {{ in_affected_days('texts.voice_date', 'feedback') }}
),

ranked as (
    select
        mentions.*,
        row_number() over (
            partition by feedback_id, aspect_code
            order by
                urgency_rank asc nulls last,
                intensity desc nulls last,
                confidence desc nulls last,
                polarity asc nulls last,
                text_seq asc nulls last,
                mention_seq asc nulls last
        ) as strength_rank
    from mentions
),

totals as (
    select
        feedback_id,
        aspect_code,
        count(*) as mention_count,
        count(*) filter (where polarity = 1) as positive_mention_count,
        count(*) filter (where polarity = 0) as neutral_mention_count,
        count(*) filter (where polarity = -1) as negative_mention_count
    from ranked
    group by feedback_id, aspect_code
),

voices as (
    select
        feedback_id,
        channel,
        feedback_date
    from {{ ref('fct_feedback') }}
    where {{ in_affected_days('feedback_date', 'feedback') }}
)

select
    ----------  编号
    cast(md5(concat_ws('|', ranked.feedback_id, ranked.aspect_code)) as string) as mention_id,
    cast(ranked.feedback_id as string) as feedback_id,
    cast(ranked.aspect_code as string) as aspect_code,
    cast(voices.channel as string) as channel,

    ----------  代表性提及
    cast(ranked.polarity as integer) as polarity,
    cast(ranked.intensity as integer) as intensity,
    cast(ranked.urgency as string) as urgency,
    cast(ranked.urgency = 'safety' as boolean) as is_safety,
    cast(ranked.confidence as decimal(9, 6)) as confidence,
    cast(ranked.evidence_start as integer) as evidence_start,
    cast(ranked.evidence_end as integer) as evidence_end,
    cast(ranked.evidence_text as string) as evidence_text,

    ----------  数量
    cast(totals.mention_count as integer) as mention_count,
    cast(totals.positive_mention_count as integer) as positive_mention_count,
    cast(totals.neutral_mention_count as integer) as neutral_mention_count,
    cast(totals.negative_mention_count as integer) as negative_mention_count,
    cast(totals.positive_mention_count > 0 and totals.negative_mention_count > 0 as boolean) as is_mixed,

    ----------  血缘
    cast(ranked.is_cold_start as boolean) as is_cold_start,
    cast(ranked.scorer_version as string) as scorer_version,
    cast(voices.feedback_date as date) as feedback_date
from ranked
inner join totals
    on ranked.feedback_id = totals.feedback_id and ranked.aspect_code = totals.aspect_code
inner join voices
    on ranked.feedback_id = voices.feedback_id
where ranked.strength_rank = 1
order by feedback_date
