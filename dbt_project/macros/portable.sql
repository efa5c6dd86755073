{#
  The only place with words that one engine has and the other has not, or that mean different
  things (see docs/interfaces.md and the portability rules in CONTRIBUTING). Models use these
  macros and the common subset: explicit `nulls last`, unique tie-breakers, decimals for sums and
  ratios, a cast on every published column, no backslash in literals, no quoted identifiers.
  `default__` is what both engines understand, `duckdb__` what only DuckDB does.
#}

{# Every character outside letters, digits and CJK removed: the text as compared for repeats. #}
{% macro only_word_characters(expression) -%}
    {{ return(adapter.dispatch('only_word_characters', 'voc_warehouse')(expression)) }}
{%- endmacro %}
{% macro default__only_word_characters(expression) -%}
    regexp_replace(lower({{ expression }}), '[^0-9a-z一-鿿]', '')
{%- endmacro %}
{% macro duckdb__only_word_characters(expression) -%}
    regexp_replace(lower({{ expression }}), '[^0-9a-z一-鿿]', '', 'g')
{%- endmacro %}

{# Values of a group joined in a stated order. #}
{% macro joined_text(expression, separator, order_by) -%}
    {{ return(adapter.dispatch('joined_text', 'voc_warehouse')(expression, separator, order_by)) }}
{%- endmacro %}
{% macro default__joined_text(expression, separator, order_by) -%}
    listagg({{ expression }}, {{ separator }}) within group (order by {{ order_by }})
{%- endmacro %}
{% macro duckdb__joined_text(expression, separator, order_by) -%}
    string_agg({{ expression }}, {{ separator }} order by {{ order_by }})
{%- endmacro %}

{# Distinct non-null values of a group, sorted and joined by a comma; null where there is none. #}
{% macro joined_distinct(expression) -%}
    {{ return(adapter.dispatch('joined_distinct', 'voc_warehouse')(expression)) }}
{%- endmacro %}
{% macro default__joined_distinct(expression) -%}
    nullif(array_join(array_sort(collect_set({{ expression }})), ','), '')
{%- endmacro %}
{% macro duckdb__joined_distinct(expression) -%}
    string_agg(distinct {{ expression }}, ',' order by {{ expression }})
{%- endmacro %}

{# A line feed without a backslash literal. #}
{% macro line_feed() -%} chr(10) {%- endmacro %}

{# Whole days from one date to another. #}
{% macro days_between(first, last) -%}
    {{ return(adapter.dispatch('days_between', 'voc_warehouse')(first, last)) }}
{%- endmacro %}
{% macro default__days_between(first, last) -%} datediff({{ last }}, {{ first }}) {%- endmacro %}
{% macro duckdb__days_between(first, last) -%} date_diff('day', {{ first }}, {{ last }}) {%- endmacro %}

{# Completed seconds from one moment to another (not the boundaries of seconds crossed). #}
{% macro seconds_between(first, last) -%}
    {{ return(adapter.dispatch('seconds_between', 'voc_warehouse')(first, last)) }}
{%- endmacro %}
{% macro default__seconds_between(first, last) -%} timestampdiff(second, {{ first }}, {{ last }}) {%- endmacro %}
{% macro duckdb__seconds_between(first, last) -%} date_sub('second', {{ first }}, {{ last }}) {%- endmacro %}

{# Monday 1 … Sunday 7. #}
{% macro iso_weekday(day) -%}
    {{ return(adapter.dispatch('iso_weekday', 'voc_warehouse')(day)) }}
{%- endmacro %}
{% macro default__iso_weekday(day) -%} weekday({{ day }}) + 1 {%- endmacro %}
{% macro duckdb__iso_weekday(day) -%} isodow({{ day }}) {%- endmacro %}

{# ISO week of the year. #}
{% macro iso_week(day) -%}
    {{ return(adapter.dispatch('iso_week', 'voc_warehouse')(day)) }}
{%- endmacro %}
{% macro default__iso_week(day) -%} weekofyear({{ day }}) {%- endmacro %}
{% macro duckdb__iso_week(day) -%} extract(week from {{ day }}) {%- endmacro %}

{# A list of "domain:key" as one text, for searching with `like`. #}
{% macro list_as_text(expression) -%}
    {{ return(adapter.dispatch('list_as_text', 'voc_warehouse')(expression)) }}
{%- endmacro %}
{% macro default__list_as_text(expression) -%} array_join({{ expression }}, ',') {%- endmacro %}
{% macro duckdb__list_as_text(expression) -%} array_to_string({{ expression }}, ',') {%- endmacro %}

{#
  A quotient as a decimal, halves away from zero as they are written in decimals. (Of two decimals DuckDB
  makes a double, in which 18.935 lies below the half; Spark divides exactly.)
#}
{% macro rounded(quotient, precision, scale) -%}
    cast(round(cast({{ quotient }} as decimal({{ precision + 8 }}, {{ scale + 8 }})), {{ scale }}) as decimal({{ precision }}, {{ scale }}))
{%- endmacro %}
