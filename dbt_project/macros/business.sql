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
    {{ rounded(amount ~ ' / (1 + ' ~ rate ~ ')', 18, 2) }}
{%- endmacro %}

{# Business day (Asia/Shanghai, which knows no summer time) of a UTC time. #}
{% macro shanghai_date(instant) -%}
    cast({{ instant }} + interval '8' hour as date)
{%- endmacro %}

{# Hours from one time to another, to the hundredth; null if either is not known. #}
{% macro hours_between(first, last) -%}
    {{ rounded(seconds_between(first, last) ~ ' / 3600.0', 18, 2) }}
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

{#
  Complete months (quarters) up to the run's day: first day, last day and first day of the next one.
  `kind`: the kind of partition under which those to redo stand in ctl.affected_partition.
#}
{% macro complete_months(kind) %}
    select
        months.calendar_date as month_start_date,
        min(later.calendar_date) as next_month_start_date
    from {{ ref('dim_date') }} as months
    inner join {{ ref('dim_date') }} as later
        on
            months.calendar_date < later.calendar_date
            and later.calendar_date <= months.calendar_date + 31
            and later.calendar_date = later.month_start_date
    where
        months.calendar_date = months.month_start_date
        and {{ in_affected_days('months.calendar_date', kind) }}
    group by months.calendar_date
    having min(later.calendar_date) <= (select run_window.as_of + 1 from {{ source('ctl', 'run_window') }} as run_window)
{% endmacro %}

{% macro complete_quarters(kind) %}
    select
        quarters.calendar_date as quarter_start_date,
        min(later.calendar_date) as next_quarter_start_date
    from {{ ref('dim_date') }} as quarters
    inner join {{ ref('dim_date') }} as later
        on
            quarters.calendar_date < later.calendar_date
            and later.calendar_date <= quarters.calendar_date + 92
            and later.calendar_date = later.month_start_date
            and later.month_no in (1, 4, 7, 10)
    where
        quarters.calendar_date = quarters.month_start_date
        and quarters.month_no in (1, 4, 7, 10)
        and {{ in_affected_days('quarters.calendar_date', kind) }}
    group by quarters.calendar_date
    having min(later.calendar_date) <= (select run_window.as_of + 1 from {{ source('ctl', 'run_window') }} as run_window)
{% endmacro %}

{#
  Who owned which car from when until before when: main owners, one at a time. A newer ownership ends
  the one before it, whether or not the source closed that one.
#}
{% macro owner_intervals() %}
    select
        vin_key,
        customer_key,
        owned_from_date,
        least(
            coalesce(owned_until_date + 1, cast('9999-12-31' as date)),
            coalesce(next_owned_from_date, cast('9999-12-31' as date))
        ) as owned_before_date
    from (
        select
            ownerships.*,
            lead(ownerships.owned_from_date) over (
                partition by ownerships.vin_key
                order by ownerships.owned_from_date asc nulls last, ownerships.record_id asc nulls last
            ) as next_owned_from_date
        from {{ ref('int_ownership') }} as ownerships
        where not ownerships.is_deleted and ownerships.owner_relation <> '共有'
    ) as sequenced
{% endmacro %}

{# Days around the end of a policy within which the next one counts as its renewal. #}
{% macro renewal_days() -%} 90 {%- endmacro %}
