{# Each column holds only listed values where it is not null. `members`: column → list. #}
{% test accepted_members(model, members, day=none, kind=none) %}
{% for column, values in members.items() %}
select
    '{{ column }}' as column_name,
    cast({{ column }} as string) as value_found
from {{ tested_rows(model, day, kind) }} as tested
where {{ column }} not in ({% for value in values %}'{{ value }}'{{ ', ' if not loop.last }}{% endfor %})
{{ 'union all' if not loop.last }}
{% endfor %}
{% endtest %}
