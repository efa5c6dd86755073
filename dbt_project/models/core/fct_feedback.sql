-- 一行 = 一个声音（feedback）。来源里占多行的同一声音合为一行；文字相同的不同声音只编组，从不合并。
-- 声音的原声 = 其各段不同文字按次序以换行相连；打分由各段合成，提及见 fct_feedback_mention。
{%- set speaker_keys = [
    'customer_key', 'phone_key', 'mail_key', 'account_key', 'handle_key', 'vin_key', 'vin8_key', 'plate_key',
] %}
with current_records as (
    select * from {{ ref('int_feedback_record') }}
    where {{ in_affected_days('voice_date', 'feedback') }}
),

texts as (
    select * from {{ ref('int_feedback_text') }}
    where {{ in_affected_days('voice_date', 'feedback') }}
),

scores as (
    select * from {{ ref('int_feedback_score') }}
    where {{ in_affected_days('voice_date', 'feedback') }}
),

-- Over all records, also deleted ones: the day of a voice does not move when a row is withdrawn.
first_events as (
    select
        feedback_id,
        min(event_at) as occurred_at,
        min(event_basis) as occurred_at_basis
    from current_records
    group by feedback_id
),

live_records as (
    select
        current_records.*,
        row_number() over (
            partition by feedback_id
            order by
                received_at desc nulls last, record_seq desc nulls last, content_hash desc nulls last,
                record_id asc nulls last
        ) as newness_rank
    from current_records
    where is_voice and not is_deleted
),

record_totals as (
    select
        feedback_id,
        count(*) as record_count,
        min(received_at) as first_received_at,
        max(received_at) as last_received_at,
        {% for column in speaker_keys %}
        max({{ column }}) as any_{{ column }},
        {% endfor %}
        {{ joined_distinct('source_category_zh') }} as source_categories_zh
    from live_records
    group by feedback_id
),

text_totals as (
    select
        feedback_id,
        {{ joined_text('verbatim', line_feed(), 'text_seq asc nulls last') }} as verbatim,
        count(*) as text_count
    from texts
    group by feedback_id
),

scored_texts as (
    select
        texts.feedback_id,
        texts.text_seq,
        texts.verbatim,
        scores.*,
        row_number() over (
            partition by texts.feedback_id
            order by
                abs(scores.sentiment_score) desc nulls last,
                scores.sentiment_polarity asc nulls last,
                texts.text_seq asc nulls last
        ) as strength_rank,
        row_number() over (
            partition by texts.feedback_id
            order by scores.text_char_count desc nulls last, texts.text_seq asc nulls last
        ) as length_rank
    from texts
    inner join scores
        on texts.record_id = scores.record_id and texts.content_hash = scores.content_hash
),

score_totals as (
    select
        feedback_id,
        {{ joined_text('coalesce(text_repaired, verbatim)', line_feed(), 'text_seq asc nulls last') }}
            as verbatim_repaired,
        count(text_repaired) as repaired_count,
        sum(customer_char_count) as customer_char_count,
        -- A voice is noise only if all its texts are.
        bool_and(noise_reason is not null) as is_noise,
        min(noise_confidence) as noise_confidence,
        {{ urgency_name('min(' ~ urgency_rank('urgency') ~ ')') }} as urgency,
        sum(text_char_count) as text_char_count,
        bool_and(is_abstained) as is_abstained
    from scored_texts
    group by feedback_id
),

strongest_texts as (
    select * from scored_texts
    where strength_rank = 1
),

longest_texts as (
    select * from scored_texts
    where length_rank = 1
),

voices as (
    select
        live_records.*,
        first_events.occurred_at,
        first_events.occurred_at_basis,
        record_totals.record_count,
        record_totals.first_received_at,
        record_totals.last_received_at,
        record_totals.source_categories_zh,
        -- The newest record need not repeat who speaks: a later turn of a chat gives no number again.
        {% for column in speaker_keys %}
        coalesce(live_records.{{ column }}, record_totals.any_{{ column }}) as voice_{{ column }},
        {% endfor %}
        text_totals.verbatim as voice_verbatim,
        text_totals.text_count,
        score_totals.urgency,
        score_totals.text_char_count,
        score_totals.is_abstained,
        case when score_totals.repaired_count > 0 then score_totals.verbatim_repaired end as verbatim_repaired,
        score_totals.customer_char_count,
        coalesce(score_totals.is_noise, false) as is_noise,
        case when score_totals.is_noise then longest_texts.noise_reason end as noise_reason,
        case when score_totals.is_noise then score_totals.noise_confidence end as noise_confidence,
        strongest_texts.sentiment_polarity,
        strongest_texts.sentiment_score,
        strongest_texts.confidence,
        strongest_texts.is_cold_start,
        strongest_texts.scorer_version,
        strongest_texts.taxonomy_version,
        {{ only_word_characters('text_totals.verbatim') }} as comparable_text
    from live_records
    inner join first_events on live_records.feedback_id = first_events.feedback_id
    inner join record_totals on live_records.feedback_id = record_totals.feedback_id
    left join text_totals on live_records.feedback_id = text_totals.feedback_id
    left join score_totals on live_records.feedback_id = score_totals.feedback_id
    left join strongest_texts on live_records.feedback_id = strongest_texts.feedback_id
    left join longest_texts on live_records.feedback_id = longest_texts.feedback_id
    where live_records.newness_rank = 1
),

grouped as (
    select
        voices.*,
        case when {{ is_long_enough_to_copy('comparable_text') }} then md5(comparable_text) end as repeat_group_id
    from voices
)

select
    ----------  编号
    cast(feedback_id as string) as feedback_id,
    cast(channel as string) as channel,
    cast(source_voice_no as string) as source_voice_no,
    cast(thread_no as string) as thread_no,
    cast(reply_to_no as string) as reply_to_no,
    cast(repost_of_no as string) as repost_of_no,

    ----------  谁、哪辆车（来源自己给出的；跨源对应见 bridge_feedback_customer）
    cast(coalesce(
        voice_customer_key, voice_account_key, voice_phone_key, voice_mail_key, voice_vin_key, voice_handle_key,
        feedback_id
    ) as string) as author_key,
    cast(case
        when voice_customer_key is not null then 'customer'
        when voice_account_key is not null then 'account'
        when voice_phone_key is not null then 'phone'
        when voice_mail_key is not null then 'mail'
        when voice_vin_key is not null then 'vehicle'
        when voice_handle_key is not null then 'handle'
        else 'voice'
    end as string) as author_key_basis,
    cast(voice_customer_key as string) as customer_key,
    cast(voice_phone_key as string) as phone_key,
    cast(voice_mail_key as string) as mail_key,
    cast(voice_account_key as string) as account_key,
    cast(voice_handle_key as string) as handle_key,
    cast(voice_vin_key as string) as vin_key,
    cast(voice_vin8_key as string) as vin8_key,
    cast(voice_plate_key as string) as plate_key,
    cast(dealer_code as string) as dealer_code,
    cast(order_no as string) as order_no,
    cast(author_role as string) as author_role,
    cast(brand_zh as string) as brand_zh,
    cast(series_zh as string) as series_zh,
    cast(model_zh as string) as model_zh,
    cast(source_categories_zh as string) as source_categories_zh,
    cast(star_score as decimal(3, 2)) as star_score,
    cast(software_version as string) as software_version,

    ----------  原声
    cast(voice_verbatim as string) as verbatim,
    cast(verbatim_repaired as string) as verbatim_repaired,
    cast(coalesce(text_char_count, length(voice_verbatim), 0) as integer) as text_char_count,
    cast(coalesce(customer_char_count, 0) as integer) as customer_char_count,
    cast(is_noise as boolean) as is_noise,
    cast(noise_reason as string) as noise_reason,
    cast(noise_confidence as decimal(9, 6)) as noise_confidence,
    cast(repeat_group_id as string) as repeat_group_id,
    cast(repeat_group_id is null or row_number() over (
        partition by voice_date, repeat_group_id
        order by occurred_at asc nulls last, feedback_id asc nulls last
    ) = 1 as boolean) as is_first_of_repeat_in_day,

    ----------  打分
    cast(sentiment_polarity as integer) as sentiment_polarity,
    cast(sentiment_score as decimal(9, 6)) as sentiment_score,
    cast(urgency as string) as urgency,
    cast(confidence as decimal(9, 6)) as confidence,
    cast(is_cold_start as boolean) as is_cold_start,
    cast(is_abstained as boolean) as is_abstained,
    cast(scorer_version as string) as scorer_version,
    cast(taxonomy_version as string) as taxonomy_version,

    ----------  数量
    cast(record_count as integer) as record_count,
    cast(coalesce(text_count, 0) as integer) as text_count,

    ----------  时间
    cast(occurred_at as timestamp) as occurred_at,
    cast(occurred_at_basis as string) as occurred_at_basis,
    cast(first_received_at as timestamp) as first_received_at,
    cast(last_received_at as timestamp) as last_received_at,

    ----------  血缘
    cast(contract_version as integer) as contract_version,
    cast(masker_version as string) as masker_version,
    cast(voice_date as date) as feedback_date
from grouped
order by feedback_date, feedback_id
