-- 一行 = 一条反馈记录的一个版本（曾收到过的内容），附它在本仓库里有效的起止时刻。
-- 某一时刻 t 所知的状态：valid_from <= t 且 (valid_to 为空或 t < valid_to)。改过、删过的两种状态都在。
-- 同一内容接连收到几次仍是一个版本；收到时已有更新版本的内容从未有效过，不在此处。
{%- set version = [
    'record_id', 'feedback_id', 'channel', 'version_key', 'content_hash', 'delivery_id', 'is_voice', 'is_deleted',
    'score_input_hash', 'verbatim',
] %}
with sightings as (
    select {{ version | join(', ') }}, received_at
    from {{ ref('int_feedback__unioned') }}
    {% if is_incremental() %}
    union all
    select {{ version | join(', ') }}, valid_from as received_at
    from {{ this }}
    where {{ in_affected_days('feedback_date', 'feedback') }}
    {% endif %}
),

-- Few records are ever seen twice: only these are sorted.
seen_again as (
    select record_id
    from sightings
    group by record_id
    having count(*) > 1
),

compared as (
    select
        sightings.*,
        lag(sightings.content_hash) over (
            partition by sightings.record_id
            order by
                sightings.version_key asc nulls last, sightings.content_hash asc nulls last,
                sightings.received_at asc nulls last, sightings.delivery_id asc nulls last
        ) as content_before
    from sightings
    inner join seen_again on sightings.record_id = seen_again.record_id
),

numbered as (
    select
        compared.*,
        sum(case when content_before = content_hash then 0 else 1 end) over (
            partition by record_id
            order by
                version_key asc nulls last, content_hash asc nulls last, received_at asc nulls last,
                delivery_id asc nulls last
            rows between unbounded preceding and current row
        ) as run_no
    from compared
),

runs as (
    select
        record_id,
        run_no,
        min(feedback_id) as feedback_id,
        min(channel) as channel,
        max(version_key) as version_key,
        min(content_hash) as content_hash,
        min(received_at) as valid_from,
        min(delivery_id) as delivery_id,
        bool_or(is_voice) as is_voice,
        bool_or(is_deleted) as is_deleted,
        min(score_input_hash) as score_input_hash,
        min(verbatim) as verbatim
    from numbered
    group by record_id, run_no
),

bounded as (
    select
        runs.*,
        min(valid_from) over (
            partition by record_id order by run_no asc nulls last rows between 1 following and unbounded following
        ) as valid_to
    from runs
),

versions as (
    select
        bounded.*,
        row_number() over (partition by record_id order by run_no asc nulls last) as version_no,
        lag(score_input_hash) over (partition by record_id order by run_no asc nulls last) as text_before,
        lag(is_deleted) over (partition by record_id order by run_no asc nulls last) as was_deleted
    from bounded
    where valid_to is null or valid_to > valid_from
),

all_versions as (
    select
        {{ version | join(', ') }},
        valid_from,
        valid_to,
        version_no,
        case
            when version_no = 1 then 'first'
            when is_deleted and not was_deleted then 'deleted'
            when was_deleted and not is_deleted then 'restored'
            when coalesce(score_input_hash, '') <> coalesce(text_before, '') then 'text'
            else 'other'
        end as change_kind
    from versions
    union all
    select
        {% for column in version %}
        sightings.{{ column }},
        {% endfor %}
        sightings.received_at as valid_from,
        cast(null as timestamp) as valid_to,
        1 as version_no,
        'first' as change_kind
    from sightings
    left join seen_again on sightings.record_id = seen_again.record_id
    where seen_again.record_id is null
),

records as (
    select
        record_id,
        voice_date
    from {{ ref('int_feedback_record') }}
    where {{ in_affected_days('voice_date', 'feedback') }}
)

select
    ----------  编号
    cast(all_versions.record_id as string) as record_id,
    cast(all_versions.version_no as integer) as version_no,
    cast(all_versions.feedback_id as string) as feedback_id,
    cast(all_versions.channel as string) as channel,

    ----------  有效期
    cast(all_versions.valid_from as timestamp) as valid_from,
    cast(all_versions.valid_to as timestamp) as valid_to,
    cast(all_versions.valid_to is null as boolean) as is_current,

    ----------  状态与变化
    cast(all_versions.change_kind as string) as change_kind,
    cast(all_versions.is_deleted as boolean) as is_deleted,
    cast(all_versions.is_voice as boolean) as is_voice,
    cast(all_versions.verbatim as string) as verbatim,
    cast(all_versions.score_input_hash as string) as score_input_hash,

    ----------  血缘
    cast(all_versions.version_key as string) as version_key,
    cast(all_versions.content_hash as string) as content_hash,
    cast(all_versions.delivery_id as string) as delivery_id,
    cast(records.voice_date as date) as feedback_date
from all_versions
inner join records on all_versions.record_id = records.record_id
order by feedback_date, record_id, version_no
