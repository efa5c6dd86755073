{#
  Incremental strategy `partition_replace`: delete the affected partitions by a single-key `in`,
  then insert what the model now says of them. So a partition that became empty is emptied, a
  rerun ends in the same table, and a day costs its own rows: the key is the day in whose order
  the table lies, so storage blocks of other days are skipped. (A hash key reads the whole table;
  `delete … using` with several keys is quadratic on dbt-duckdb.)
  A model names its day column and kind in `meta.partition_by` and `meta.partition_kind`, and orders
  its rows by that day itself.
#}
{% macro get_incremental_partition_replace_sql(arg_dict) %}
    {%- set meta = model.config.meta -%}
    {%- if not meta.get('partition_by') or not meta.get('partition_kind') -%}
        {% do exceptions.raise_compiler_error(
            model.name ~ ': partition_replace needs meta.partition_by and meta.partition_kind') %}
    {%- endif -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='name') | join(', ') -%}
    delete from {{ arg_dict['target_relation'] }}
    where {{ meta.get('partition_by') }} in ({{ affected_days(meta.get('partition_kind')) }});

    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }}
    from {{ arg_dict['temp_relation'] }} as replacing;
{% endmacro %}

{#
  How a daily run writes on DuckDB: straight from the model's query into its table, in one
  transaction. dbt-duckdb's own way (a temporary table of the new rows, the columns of both asked
  for, the query run empty for its contract, for a `table` two renames and all comments again) costs
  more than the rows of most days. What it would check cannot have changed: another project is a
  full refresh, and that, like the first build, is left to dbt-duckdb.
#}
{% materialization incremental, adapter='duckdb' %}
    {%- set stored = load_cached_relation(this) -%}
    {%- if stored is none or stored.is_view or should_full_refresh() -%}
        {{ return(dbt.materialization_incremental_duckdb()) }}
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
        {{ return(dbt.materialization_table_duckdb()) }}
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
