{# No two rows agree in all of `columns`. #}
{% test unique_combination(model, columns, day=none, kind=none) %}
select
    {{ columns | join(', ') }},
    count(*) as copies
from {{ tested_rows(model, day, kind) }} as tested
group by {{ columns | join(', ') }}
having count(*) > 1
{% endtest %}
