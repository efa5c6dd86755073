{#
  The window of a run, as the control tables state it (orchestration/warehouse/control.py).
  A model that is rebuilt by days reads only affected days; `affected_days(kind)` is the one
  place that knows where the days of a kind stand.
#}

{# Sub-query of the days to rebuild: of a kind of ctl.affected_partition, or derived from one. #}
{% macro affected_days(kind) -%}
    {%- if kind == 'survey_response' -%}
        select affected.event_date from {{ ref('int_survey_affected_day') }} as affected
    {%- elif kind == 'warranty_claim_line' -%}
        select affected.event_date from {{ ref('int_warranty_affected_day') }} as affected
    {%- elif kind == 'software_install' -%}
        select affected.event_date from {{ ref('int_software_affected_day') }} as affected
    {%- elif kind == 'warranty_claim_month' -%}
        select distinct cast(date_trunc('month', affected.event_date) as date) as event_date
        from {{ ref('int_warranty_affected_day') }} as affected
    {%- else -%}
        select affected.event_date
        from {{ source('ctl', 'affected_partition') }} as affected
        where affected.partition_kind = '{{ kind }}'
    {%- endif -%}
{%- endmacro %}

{# Condition that keeps a model to the affected days; on a full rebuild it keeps all. #}
{% macro in_affected_days(column, kind) -%}
    {#- Asked for in any case, so that the parser sees the dependency. -#}
    {%- set days = affected_days(kind) -%}
    {%- if is_incremental() -%}
        {{ column }} in ({{ days }})
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{# The rows a data test looks at: the affected days on a daily run, everything on a full rebuild. #}
{% macro tested_rows(model, column=none, kind=none) -%}
    {%- set days = affected_days(kind) if column else '' -%}
    {%- if column and not flags.FULL_REFRESH -%}
        (select * from {{ model }} where {{ column }} in ({{ days }}))
    {%- else -%}
        {{ model }}
    {%- endif -%}
{%- endmacro %}

{# The same for singular tests: a condition on one column. #}
{% macro tested_days(column, kind) -%}
    {%- set days = affected_days(kind) -%}
    {%- if flags.FULL_REFRESH -%} true {%- else -%} {{ column }} in ({{ days }}) {%- endif -%}
{%- endmacro %}
