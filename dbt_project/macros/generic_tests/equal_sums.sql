{#
  Per `group_by`, each pair of expressions gives the same sum over the model and over `to`.
  `sums`: expression over the model → expression over `to`. `day` is the day column of the model,
  `to_day` that of `to`; both are kept to the affected days of `kind`.
#}
{% test equal_sums(model, to, sums, group_by=[], to_where='true', day=none, to_day=none, kind=none) %}
{%- set keys = group_by | join(', ') -%}
with own as (
    select
        {% for key in group_by %}{{ key }},{% endfor %}
        {% for own_sum in sums %}{{ own_sum }} as sum_{{ loop.index }}{{ ', ' if not loop.last }}{% endfor %}
    from {{ tested_rows(model, day, kind) }} as tested
    {% if keys %}group by {{ keys }}{% endif %}
),

other as (
    select
        {% for key in group_by %}{{ key }},{% endfor %}
        {% for to_sum in sums.values() %}{{ to_sum }} as sum_{{ loop.index }}{{ ', ' if not loop.last }}{% endfor %}
    from {{ tested_rows(to, to_day, kind) }} as referred
    where {{ to_where }}
    {% if keys %}group by {{ keys }}{% endif %}
),

signed as (
    select * from own
    union all
    select
        {% for key in group_by %}{{ key }},{% endfor %}
        {% for to_sum in sums %}-sum_{{ loop.index }} as sum_{{ loop.index }}{{ ', ' if not loop.last }}{% endfor %}
    from other
)

select
    {% for key in group_by %}{{ key }},{% endfor %}
    {% for own_sum in sums %}sum(sum_{{ loop.index }}) as difference_{{ loop.index }}{{ ', ' if not loop.last }}{% endfor %}
from signed
{% if keys %}group by {{ keys }}{% endif %}
having {% for own_sum in sums %}coalesce(sum(sum_{{ loop.index }}), 0) <> 0{{ ' or ' if not loop.last }}{% endfor %}
{% endtest %}
