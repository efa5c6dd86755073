-- Every record that the ledger says was admitted in this window is in the raw files, and no other.
{% set entities = [] %}
{% if execute %}
{% for source_node in graph.sources.values() if source_node.source_name == 'raw' and '__' in source_node.name %}
{% do entities.append(source_node.name) %}
{% endfor %}
{% endif %}
with ledger_rows as (
    select
        channel,
        sum(admitted) as row_count
    from {{ source('ctl', 'window_delivery') }}
    group by channel
),

raw_rows as (
    select
        channel,
        sum(row_count) as row_count
    from (
        {% for entity in entities | sort %}
        select
            '{{ entity.split('__')[0] }}' as channel,
            count(*) as row_count
        from raw.{{ entity }}
        {{ 'union all' if not loop.last }}
        {% else %}
        select
            'none' as channel,
            0 as row_count
        {% endfor %}
    ) as counted
    group by channel
)

select
    coalesce(ledger_rows.channel, raw_rows.channel) as channel,
    ledger_rows.row_count as ledger_row_count,
    raw_rows.row_count as raw_row_count
from ledger_rows
full join raw_rows on ledger_rows.channel = raw_rows.channel
where coalesce(ledger_rows.row_count, 0) <> coalesce(raw_rows.row_count, 0)
