-- 一行 = 一次试驾（现行版本）。
select
    ----------  编号
    cast(record_id as string) as test_drive_id,
    cast(test_drive_no as string) as test_drive_no,
    cast(lead_no as string) as lead_no,
    cast(customer_key as string) as customer_key,
    cast(dealer_code as string) as dealer_code,
    cast(vehicle_model_code as string) as vehicle_model_code,

    ----------  度量
    cast(duration_min as integer) as duration_min,

    ----------  时间
    cast(driven_at as timestamp) as driven_at,
    cast(updated_at as timestamp) as updated_at,
    cast(event_date as date) as driven_date
from {{ ref('int_test_drive') }}
where not is_deleted
