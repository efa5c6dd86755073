{# Every non-null `column` of the rows meeting `where` stands in `field` of `to`. #}
{% test relationships_where(model, column, to, field, where='true', day=none, kind=none) %}
select tested.{{ column }}
from {{ tested_rows(model, day, kind) }} as tested
left join {{ to }} as referred
    on tested.{{ column }} = referred.{{ field }}
where
    tested.{{ column }} is not null
    and referred.{{ field }} is null
    and ({{ where }})
{% endtest %}
