{# Every non-null `column` of the rows meeting `condition` stands in `field` of `to`. #}
{% test relationships_where(model, column, to, field, condition='true', day=none, kind=none) %}
with tested as (
    select {{ column }} as referring
    from {{ tested_rows(model, day, kind) }} as meant
    where {{ column }} is not null and ({{ condition }})
)

select tested.referring
from tested
left join {{ to }} as referred
    on tested.referring = referred.{{ field }}
where referred.{{ field }} is null
{% endtest %}
