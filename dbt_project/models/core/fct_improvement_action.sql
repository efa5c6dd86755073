-- 一行 = 一项改进措施（现行版本）：OTA、技术通报、流程改进、客户关怀或召回。
select
    ----------  编号
    cast(record_id as string) as action_id,
    cast(action_no as string) as action_no,
    cast(ota_release_no as string) as ota_release_no,
    cast(vehicle_model_code as string) as vehicle_model_code,

    ----------  属性
    cast(action_name_zh as string) as action_name_zh,
    cast(action_kind as string) as action_kind,
    cast(aspect_tag as string) as aspect_code,
    cast(scope as string) as scope,
    cast(owner_department as string) as owner_department,

    ----------  度量
    cast(cost_cny as decimal(18, 2)) as cost_cny,

    ----------  时间
    cast(end_date as date) as end_date,
    cast(updated_at as timestamp) as updated_at,
    cast(event_date as date) as start_date
from {{ ref('int_improvement_action') }}
where not is_deleted
