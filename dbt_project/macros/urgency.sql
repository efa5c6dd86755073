{# Urgency as a number: 1 is the most urgent. The closed list stands in docs/interfaces.md §8. #}
{% macro urgency_rank(expression) -%}
    case {{ expression }}
        when 'safety' then 1
        when 'immobilised' then 2
        when 'function' then 3
        when 'comfort' then 4
        when 'wish' then 5
        when 'none' then 6
    end
{%- endmacro %}

{# And back. #}
{% macro urgency_name(expression) -%}
    case {{ expression }}
        when 1 then 'safety'
        when 2 then 'immobilised'
        when 3 then 'function'
        when 4 then 'comfort'
        when 5 then 'wish'
        when 6 then 'none'
    end
{%- endmacro %}
