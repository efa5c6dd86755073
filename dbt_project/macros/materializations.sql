{#
  How a daily run writes on DuckDB: straight from the model's query into its table, in one
  transaction. dbt-duckdb's own way (a temporary table of the new rows, the columns of both asked
  for, the query run empty for its contract, for a `table` two renames and all comments again) costs
  more than the rows of most days. What it would check cannot have changed: another project is a
  full refresh, and that, like the first build, makes the table anew with its contract (`made_anew`).
#}
{% materialization incremental, adapter='duckdb' %}
    {%- set stored = load_cached_relation(this) -%}
    {%- if stored is none or stored.is_view or should_full_refresh() -%}
        {{ return(made_anew(stored)) }}
    {%- endif -%}
    {%- set rows = compiled_code -%}
    {%- if this | string in compiled_code -%}
        {#- The rows that the model reads of its own table are gone when it is run. -#}
        {%- set before = make_temp_relation(this, '__before') -%}
        {%- set rows = compiled_code | replace(this | string, before | string) -%}
        {% call statement('stored rows') -%}
            create temporary table {{ before }} as
            select * from {{ this }}
            where {{ config.get('meta').partition_by }} in ({{ affected_days(config.get('meta').partition_kind) }})
        {%- endcall %}
    {%- endif -%}
    {% call statement('main') -%}
        {{ get_incremental_partition_replace_sql({
            'target_relation': this, 'temp_relation': '(' ~ rows ~ ')', 'dest_columns': model.columns.values()
        }) }}
    {%- endcall %}
    {% do adapter.commit() %}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}

{% materialization table, adapter='duckdb' %}
    {%- set stored = load_cached_relation(this) -%}
    {%- if stored is none or stored.is_view or flags.FULL_REFRESH -%}
        {{ return(made_anew(stored)) }}
    {%- endif -%}
    {%- set columns = model.columns.keys() | join(', ') -%}
    {% call statement('main') -%}
        delete from {{ this }};

        insert into {{ this }} ({{ columns }})
        select {{ columns }}
        from ({{ compiled_code }}) as refilling;
    {%- endcall %}
    {% do adapter.commit() %}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}

{# The table as its contract and the model's query say, in place of what stood there, in one transaction. #}
{% macro made_anew(stored) %}
    {%- set target = this.incorporate(type='table') -%}
    {% call statement('main') -%}
        {% if stored is not none %}drop {{ stored.type }} {{ stored }};{% endif %}
        {{ create_table_as(False, target, compiled_code) }}
    {%- endcall %}
    {% do persist_docs(target, model) %}
    {% do adapter.commit() %}
    {{ return({'relations': [target]}) }}
{% endmacro %}

{#
  A view on DuckDB: one statement in one transaction. dbt's general way (a view beside it, two renames,
  a drop after) is several statements for each of a hundred views, and takes as long as all their tests.
#}
{% materialization view, adapter='duckdb' %}
    {%- set stored = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type='view') -%}
    {%- if stored is not none and not stored.is_view -%}
        {% do adapter.drop_relation(stored) %}
    {%- endif -%}
    {% call statement('main') -%}
        create or replace view {{ target }} as
        {{ compiled_code }}
    {%- endcall %}
    {% do persist_docs(target, model) %}
    {% do adapter.commit() %}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}

{#
  On Spark a table is written anew as Parquet. dbt-spark's own ways ask for every relation of the schema,
  run the query empty for its contract and, for Parquet, know no `partition_replace`.
#}
{% materialization incremental, adapter='spark' %}
    {{ return(written_anew()) }}
{% endmaterialization %}

{% materialization table, adapter='spark' %}
    {{ return(written_anew()) }}
{% endmaterialization %}

{% macro written_anew() %}
    {%- set target = this.incorporate(type='table') -%}
    {% call statement('drop') -%} drop table if exists {{ target }} {%- endcall %}
    {% call statement('main') -%}
        create table {{ target }} using parquet as
        {{ compiled_code }}
    {%- endcall %}
    {{ return({'relations': [target]}) }}
{% endmacro %}
