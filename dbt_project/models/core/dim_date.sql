-- 一行 = 一个自然日。放假与调休取自国务院办公厅逐年公布的安排（种子 cn_holiday_exception）。
with days as (
    select cast(cast('2018-01-01' as date) + cast(numbers.n as integer) as date) as calendar_date
    from range(0, 4748) as numbers (n)
),

exceptions as (
    select * from {{ ref('cn_holiday_exception') }}
),

known_years as (
    select distinct extract(year from exception_date) as known_year
    from exceptions
),

described as (
    select
        days.calendar_date,
        {{ iso_weekday('days.calendar_date') }} as weekday_no,
        exceptions.is_workday as exception_is_workday,
        exceptions.holiday_name_zh,
        known_years.known_year is not null as is_holiday_known
    from days
    left join exceptions on days.calendar_date = exceptions.exception_date
    left join known_years on extract(year from days.calendar_date) = known_years.known_year
)

select
    cast(calendar_date as date) as calendar_date,
    cast(extract(year from calendar_date) as integer) as year_no,
    cast(extract(quarter from calendar_date) as integer) as quarter_no,
    cast(extract(month from calendar_date) as integer) as month_no,
    cast(date_trunc('month', calendar_date) as date) as month_start_date,
    cast({{ iso_week('calendar_date') }} as integer) as iso_week_no,
    cast(calendar_date - cast(weekday_no - 1 as integer) as date) as week_start_date,
    cast(weekday_no as integer) as weekday_no,
    cast(case weekday_no
        when 1 then '星期一'
        when 2 then '星期二'
        when 3 then '星期三'
        when 4 then '星期四'
        when 5 then '星期五'
        when 6 then '星期六'
        else '星期日'
    end as string) as weekday_label_zh,
    cast(holiday_name_zh as string) as holiday_name_zh,
    cast(coalesce(exception_is_workday, weekday_no <= 5) as boolean) as is_workday,
    cast(coalesce(not exception_is_workday, false) as boolean) as is_holiday,
    cast(coalesce(exception_is_workday, false) as boolean) as is_makeup_workday,
    cast(is_holiday_known as boolean) as is_holiday_known
from described
order by calendar_date
