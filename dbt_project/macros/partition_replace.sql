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
