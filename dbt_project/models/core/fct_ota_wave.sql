-- 一行 = 一次 OTA 发布的一个批次在一个城市的推送（现行版本）。
select
    ----------  编号
    cast(record_id as string) as ota_wave_id,
    cast(ota_release_no as string) as ota_release_no,
    cast(wave_no as integer) as wave_no,
    cast(city_zh as string) as city_zh,

    ----------  是否
    cast(coalesce(is_pilot, false) as boolean) as is_pilot,

    ----------  时间
    cast(updated_at as timestamp) as updated_at,
    cast(event_date as date) as wave_start_date
from {{ ref('int_ota_wave') }}
where not is_deleted
