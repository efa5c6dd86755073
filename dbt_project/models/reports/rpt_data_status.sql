-- 一行 = 一个渠道在本次 as_of 的数据状况：新鲜度、收数等式、版本。
with channel_status as (
    select * from {{ source('ctl', 'channel_status') }}
),

channels as (
    select * from {{ ref('dim_channel') }}
),

voices as (
    select
        channel,
        sum(voice_count) as voice_count,
        sum(person_keyed_count) as person_keyed_count,
        sum(vehicle_keyed_count) as vehicle_keyed_count,
        sum(measured_count) as measured_count,
        sum(late_count) as late_count
    from {{ ref('agg_ingest_latency_daily') }}
    group by channel
)

select
    cast(channel_status.channel as string) as channel,
    cast(channels.label_zh as string) as label_zh,
    cast(channel_status.as_of as date) as as_of,
    cast(channels.loop_type as string) as loop_type,
    cast(channels.is_enabled as boolean) as is_enabled,
    cast(channels.expected_by as string) as expected_by,
    cast(channels.stale_after_h as integer) as stale_after_h,
    cast(channel_status.last_received_at as timestamp) as last_received_at,
    cast(channel_status.last_event_date as date) as last_event_date,
    cast(channel_status.is_stale as boolean) as is_stale,
    cast(channel_status.stale_hours as decimal(18, 1)) as stale_hours,
    cast(channel_status.deliveries as bigint) as delivery_count,
    cast(channel_status.withheld_deliveries as bigint) as withheld_delivery_count,
    cast(channel_status.records_in as bigint) as record_count,
    cast(channel_status.admitted as bigint) as admitted_count,
    cast(channel_status.duplicate as bigint) as duplicate_count,
    cast(channel_status.superseded as bigint) as superseded_count,
    cast(channel_status.quarantined as bigint) as quarantined_count,
    cast(channel_status.quarantined_open as bigint) as quarantined_open_count,
    cast(coalesce(voices.voice_count, 0) as bigint) as voice_count,
    cast(coalesce(voices.person_keyed_count, 0) as bigint) as person_keyed_voice_count,
    cast(coalesce(voices.vehicle_keyed_count, 0) as bigint) as vehicle_keyed_voice_count,
    cast(coalesce(voices.measured_count, 0) as bigint) as timed_voice_count,
    cast(coalesce(voices.late_count, 0) as bigint) as late_voice_count,
    cast(channel_status.bytes as bigint) as byte_count,
    cast(channel_status.bytes_covered as bigint) as covered_byte_count,
    cast(channel_status.equations_closed as boolean) as equations_closed,
    cast(channels.contract_version as integer) as contract_version,
    cast(channel_status.masker_version as string) as masker_version,
    cast(channel_status.scorer_version as string) as scorer_version
from channel_status
left join channels on channel_status.channel = channels.channel
left join voices on channel_status.channel = voices.channel
order by channel
