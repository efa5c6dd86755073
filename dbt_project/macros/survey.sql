{#
  Relationship surveys ask about the brand, touchpoint surveys about one contact. Their NPS are
  different questions and never share a row (docs/metrics/nps.md).
#}
{% macro survey_type(touchpoint) -%}
    case
        when {{ touchpoint }} is null then 'unknown'
        when {{ touchpoint }} = '品牌关系' then 'relationship'
        else 'touchpoint'
    end
{%- endmacro %}

{# Why an answer does not count for its metric; null if it does. Scales are never converted. #}
{% macro answer_exclusion(metric, scale, score) -%}
    case
        when {{ metric }} = 'NPS' and {{ scale }} <> '0-10' then 'other_scale'
        when {{ metric }} = 'CSAT' and {{ scale }} <> '1-5' then 'other_scale'
        when {{ score }} is null then 'no_score'
        when {{ metric }} = 'NPS' and {{ score }} not between 0 and 10 then 'score_outside_scale'
        when {{ metric }} = 'CSAT' and {{ score }} not between 1 and 5 then 'score_outside_scale'
    end
{%- endmacro %}
