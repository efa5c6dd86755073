-- 一行 = 一份同意或撤回（现行版本），自 valid_from 起，至 valid_to 止（空 = 至今有效）。
select
    ----------  编号
    cast(record_id as string) as consent_id,
    cast(consent_no as string) as consent_no,
    cast(customer_key as string) as customer_key,

    ----------  属性
    cast(purpose as string) as purpose,
    cast(contact_channel as string) as contact_channel,
    cast(source as string) as consent_source,

    ----------  是否
    cast(is_granted as boolean) as is_granted,
    cast(not is_granted as boolean) as is_opt_out,

    ----------  时间
    cast(valid_from as timestamp) as valid_from,
    cast(valid_to as timestamp) as valid_to,
    cast(updated_at as timestamp) as updated_at,
    cast(event_date as date) as valid_from_date
from {{ ref('int_consent') }}
where not is_deleted
