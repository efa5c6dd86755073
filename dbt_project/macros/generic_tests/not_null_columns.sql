{# None of `columns` is null in any row. #}
{% test not_null_columns(model, columns, day=none, kind=none) %}
select *
from {{ tested_rows(model, day, kind) }} as tested
where {% for column in columns %}{{ column }} is null{{ ' or ' if not loop.last }}{% endfor %}
{% endtest %}
