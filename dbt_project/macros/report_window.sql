{#
  Days of a report: the last 400 up to `as_of`, so that a report costs the same however long the
  history is. 13 months of them are published.
#}
{% macro report_day_count() -%} 400 {%- endmacro %}

{% macro report_days() -%}
    select cast(run_window.as_of - cast(numbers.n as integer) as date) as report_date
    from {{ source('ctl', 'run_window') }} as run_window
    cross join range(0, {{ report_day_count() }}) as numbers (n)
{%- endmacro %}

{# Rolling windows in days, their last day included. #}
{% macro rolling_windows() -%}
    select 30 as window_days
    union all
    select 90 as window_days
{%- endmacro %}

{# Below this many counted answers a ratio is not shown. #}
{% macro minimum_sample() -%} 50 {%- endmacro %}
