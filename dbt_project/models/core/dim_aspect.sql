-- 一行 = 标签体系里的一个属性（二级）。
with taxonomy as (
    select * from {{ source('ctl', 'taxonomy') }}
)

select
    cast(aspect_code as string) as aspect_code,
    cast(label_zh as string) as label_zh,
    cast(l1_code as string) as l1_code,
    cast(l1_label_zh as string) as l1_label_zh,
    cast(department_zh as string) as department_zh,
    cast(is_safety_critical as boolean) as is_safety_critical,
    cast(taxonomy_version as string) as taxonomy_version
from taxonomy
