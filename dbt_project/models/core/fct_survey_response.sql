-- 一行 = 一个答案（一份答卷的一个指标）。触点、经销商与客户取自对应的邀请；找不到邀请则为未知。
with responses as (
    select * from {{ ref('int_survey_response') }}
    where not is_deleted and {{ in_affected_days('voice_date', 'survey_response') }}
),

invitations as (
    select * from {{ ref('int_survey_invitation') }}
    where not is_deleted
),

answers as (
    select
        responses.*,
        invitations.record_id as invitation_id,
        invitations.customer_key,
        invitations.vin_key,
        invitations.dealer_code,
        invitations.touchpoint,
        invitations.instrument,
        invitations.wave_no,
        invitations.is_probe,
        invitations.is_repeat,
        invitations.first_response_no,
        {{ survey_type('invitations.touchpoint') }} as survey_type,
        {{ answer_exclusion('responses.metric', 'responses.scale', 'responses.score') }} as exclusion_reason
    from responses
    left join invitations
        on responses.invitation_no = invitations.invitation_no
)

select
    ----------  编号
    cast(record_id as string) as response_id,
    cast(feedback_id as string) as feedback_id,
    cast(response_no as string) as response_no,
    cast(invitation_no as string) as invitation_no,
    cast(invitation_id as string) as invitation_id,
    cast(customer_key as string) as customer_key,
    cast(vin_key as string) as vin_key,
    cast(dealer_code as string) as dealer_code,
    cast(first_response_no as string) as first_response_no,

    ----------  属性
    cast(touchpoint as string) as touchpoint,
    cast(survey_type as string) as survey_type,
    cast(instrument as string) as instrument,
    cast(wave_no as string) as wave_no,
    cast(metric as string) as metric,
    cast(scale as string) as scale,
    cast(exclusion_reason as string) as exclusion_reason,
    cast(case
        when metric <> 'NPS' or exclusion_reason is not null then null
        when score >= 9 then 'promoter'
        when score >= 7 then 'passive'
        else 'detractor'
    end as string) as nps_group,

    ----------  度量
    cast(score as integer) as score,

    ----------  是否
    cast(exclusion_reason is null as boolean) as is_counted,
    cast(metric = 'CSAT' and exclusion_reason is null and score >= 4 as boolean) as is_top_two,
    cast(verbatim is not null as boolean) as has_comment,
    cast(coalesce(is_probe, false) as boolean) as is_probe,
    cast(coalesce(is_repeat, false) as boolean) as is_repeat,

    ----------  时间
    cast(submitted_at as timestamp) as submitted_at,
    cast(received_at as timestamp) as received_at,
    cast(voice_date as date) as response_date
from answers
order by response_date, response_id
