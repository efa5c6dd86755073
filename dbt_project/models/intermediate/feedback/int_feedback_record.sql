-- 一行 = 一条反馈记录的现行版本（含来源已删除的记录，使旧版本不会复活）。
-- 受影响的业务日：库中已有的行与窗口内的行按版本次序合并，再重算每个声音的业务日，
-- 所以一天的代价只与那一天有关，增量与全量结果相同。
{%- set record = [
    'record_id', 'feedback_id', 'channel', 'source_voice_no', 'thread_no', 'reply_to_no', 'repost_of_no',
    'customer_key', 'phone_key', 'mail_key', 'account_key', 'handle_key', 'vin_key', 'vin8_key', 'plate_key',
    'dealer_code', 'order_no', 'author_role', 'brand_zh', 'series_zh', 'model_zh', 'source_category_zh', 'star_score',
    'software_version', 'verbatim', 'score_input_hash', 'text_keys', 'record_seq', 'is_voice',
    'version_key', 'content_hash', 'delivery_id', 'record_ordinal', 'received_at', 'ingest_date', 'event_at',
    'event_date', 'event_basis', 'is_deleted', 'contract_version', 'masker_version',
] %}
{%- set stored_days = in_affected_days('voice_date', 'feedback') %}
with versions as (
    select {{ record | join(', ') }}
    from {{ ref('int_feedback__unioned') }}
    {% if is_incremental() %}
    union all
    select {{ record | join(', ') }}
    from {{ this }}
    where {{ stored_days }}
    {% endif %}
),

ranked as (
    select
        versions.*,
        row_number() over (partition by record_id order by {{ version_order() }}) as version_rank,
        min(event_at) over (partition by record_id) as first_event_at,
        min(event_date) over (partition by record_id) as first_event_date
    from versions
),

current_versions as (
    select
        {{ record | reject('in', ['event_at', 'event_date']) | join(', ') }},
        case when event_basis = 'received' then first_event_at else event_at end as event_at,
        case when event_basis = 'received' then first_event_date else event_date end as event_date
    from ranked
    where version_rank = 1
),

placed as (
    select
        current_versions.*,
        min(event_date) over (partition by feedback_id) as voice_date,
        -- The newest record that carries a text stands for all records with the same text. By first
        -- sighting: the version of a record seen again depends on the order of deliveries. A sentence said
        -- twice in a conversation stands where it was said first.
        case
            when is_voice and not is_deleted and score_input_hash is not null
                then row_number() over (
                    partition by feedback_id, score_input_hash, (is_voice and not is_deleted)
                    order by
                        received_at desc nulls last, record_seq asc nulls last, content_hash desc nulls last,
                        record_id asc nulls last
                )
        end as text_copy_rank
    from current_versions
)

select
    {{ record | join(', ') }},
    voice_date,
    coalesce(text_copy_rank = 1, false) as is_text_bearer
from placed
order by voice_date, feedback_id, record_id
