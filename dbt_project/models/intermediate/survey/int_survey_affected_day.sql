-- 一行 = 一个须重建答卷事实的业务日：声音变动的日子，加上邀请变动（迟到或更正触点）所牵涉答卷的日子。
with own_days as (
    {{ affected_days('feedback') }}
),

days_of_changed_invitations as (
    select responses.voice_date as event_date
    from {{ ref('int_survey_response') }} as responses
    inner join {{ ref('stg_survey__invitation') }} as invitations
        on responses.invitation_no = invitations.invitation_no
)

select event_date from own_days
union distinct
select event_date from days_of_changed_invitations
