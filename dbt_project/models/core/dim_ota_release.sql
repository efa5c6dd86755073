-- 一行 = 一次 OTA 发布（现行版本）。
select
    ----------  编号
    cast(ota_release_no as string) as ota_release_no,
    cast(software_version as string) as software_version,
    cast(vehicle_model_code as string) as vehicle_model_code,

    ----------  属性
    cast(aspect_tag as string) as aspect_code,
    cast(release_note as string) as release_note,

    ----------  时间
    cast(released_date as date) as released_date,
    cast(updated_at as timestamp) as updated_at
from {{ ref('int_ota_release') }}
where not is_deleted
