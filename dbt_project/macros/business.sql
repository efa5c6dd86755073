{#
  Rules of the business side that more than one model needs: tax, business days, accounting periods,
  warranty terms. How a record becomes its current version stands in current_version.sql.
#}

{# Value-added tax on cars, accessories and repairs, where the source does not state its own. #}
{% macro standard_tax_rate() -%} 0.13 {%- endmacro %}

{# Value-added tax on insurance premiums and commissions. #}
{% macro insurance_tax_rate() -%} 0.06 {%- endmacro %}

{# Amount without tax, to the cent. At 6 and 13 percent no cent amount falls on half a cent. #}
{% macro net_of_tax(amount, rate) -%}
    cast(round({{ amount }} / (1 + {{ rate }}), 2) as decimal(18, 2))
{%- endmacro %}

{# Business day (Asia/Shanghai, which knows no summer time) of a UTC time. #}
{% macro shanghai_date(instant) -%}
    cast({{ instant }} + interval '8' hour as date)
{%- endmacro %}

{# Hours from one time to another, to the hundredth; null if either is not known. #}
{% macro hours_between(first, last) -%}
    cast(round({{ seconds_between(first, last) }} / 3600.0, 2) as decimal(18, 2))
{%- endmacro %}

{# Accounting period `YYYY-MM` in which a day is posted. #}
{% macro fiscal_period(day) -%}
    substr(cast({{ day }} as string), 1, 7)
{%- endmacro %}

{# Months since year 0, so that two months can be subtracted. #}
{% macro month_number(day) -%}
    (extract(year from {{ day }}) * 12 + extract(month from {{ day }}))
{%- endmacro %}

{# Length of the factory warranty in months and kilometres (whichever comes first). #}
{% macro warranty_months() -%} 36 {%- endmacro %}
{% macro warranty_km() -%} 100000 {%- endmacro %}
