-- 一行 = 一位经销商人员（现行版本），不含其姓名与电话。
select
    ----------  编号
    cast(staff_no as string) as staff_no,
    cast(dealer_code as string) as dealer_code,

    ----------  属性
    cast(role as string) as staff_role,

    ----------  是否
    cast(left_date is null as boolean) as is_active,

    ----------  时间
    cast(joined_date as date) as joined_date,
    cast(left_date as date) as left_date,
    cast(updated_at as timestamp) as updated_at
from {{ ref('int_dealer_staff') }}
where not is_deleted
