{# Each column lies within `[min, max]` where it is not null. `ranges`: column → [min, max]. #}
{% test accepted_range(model, ranges, day=none, kind=none) %}
{% for column, bounds in ranges.items() %}
select
    '{{ column }}' as column_name,
    cast({{ column }} as string) as value_found
from {{ tested_rows(model, day, kind) }} as tested
where {{ column }} < {{ bounds[0] }} or {{ column }} > {{ bounds[1] }}
{{ 'union all' if not loop.last }}
{% endfor %}
{% endtest %}
