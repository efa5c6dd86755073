-- 一行 = 一次客户联络（现行版本），附处理时长与成本。
select
    ----------  编号
    cast(record_id as string) as contact_id,
    cast(contact_no as string) as contact_no,
    cast(source_voice_no as string) as source_voice_no,
    cast(case_no as string) as case_no,
    cast(customer_key as string) as customer_key,

    ----------  属性
    cast(contact_channel as string) as contact_channel,
    cast(contact_reason as string) as contact_reason,
    cast(aspect_tag as string) as aspect_code,
    cast(cost_centre as string) as cost_centre,

    ----------  度量
    cast(handling_min as decimal(18, 2)) as handling_min,
    cast(wait_s as integer) as wait_s,
    cast(cost_cny as decimal(18, 2)) as cost_cny,

    ----------  是否
    cast(coalesce(is_auto_answered, false) as boolean) as is_auto_answered,
    cast(cost_cny is not null as boolean) as is_costed,

    ----------  时间
    cast(started_at as timestamp) as started_at,
    cast(updated_at as timestamp) as updated_at,
    cast(event_date as date) as started_date
from {{ ref('int_contact') }}
where not is_deleted
