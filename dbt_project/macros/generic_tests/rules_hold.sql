{# Each rule (name → expression over one row) is true of every row where it can be told (is not null). #}
{% test rules_hold(model, rules, day=none, kind=none) %}
{% for rule, expression in rules.items() %}
select
    '{{ rule }}' as broken_rule,
    count(*) as broken_rows
from {{ tested_rows(model, day, kind) }} as tested
where not ({{ expression }})
having count(*) > 0
{{ 'union all' if not loop.last }}
{% endfor %}
{% endtest %}
