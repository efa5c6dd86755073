-- 一行 = 一次调研邀请（现行版本）。
with invitations as (
    select * from {{ ref('int_survey_invitation') }}
    where not is_deleted
)

select
    ----------  编号
    cast(record_id as string) as invitation_id,
    cast(invitation_no as string) as invitation_no,
    cast(customer_key as string) as customer_key,
    cast(vin_key as string) as vin_key,
    cast(dealer_code as string) as dealer_code,
    cast(first_response_no as string) as first_response_no,

    ----------  属性
    cast(touchpoint as string) as touchpoint,
    cast({{ survey_type('touchpoint') }} as string) as survey_type,
    cast(instrument as string) as instrument,
    cast(wave_no as string) as wave_no,
    cast(invite_channel as string) as invite_channel,
    cast(status as string) as status,
    cast(status = '已完成' as boolean) as is_completed,
    cast(status = '发送失败' as boolean) as is_undelivered,
    cast(coalesce(is_probe, false) as boolean) as is_probe,
    cast(coalesce(is_repeat, false) as boolean) as is_repeat,

    ----------  时间
    cast(invited_at as timestamp) as invited_at,
    cast(updated_at as timestamp) as updated_at,
    cast(event_date as date) as invited_date
from invitations
