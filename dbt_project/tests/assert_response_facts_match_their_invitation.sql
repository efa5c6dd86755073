-- Touchpoint, dealer and customer of an answer are those of its invitation as it stands now.
select responses.response_id
from {{ ref('fct_survey_response') }} as responses
left join {{ ref('int_survey_invitation') }} as invitations
    on responses.invitation_no = invitations.invitation_no and not invitations.is_deleted
where
    (
        coalesce(responses.touchpoint, '') <> coalesce(invitations.touchpoint, '')
        or coalesce(responses.dealer_code, '') <> coalesce(invitations.dealer_code, '')
        or coalesce(responses.customer_key, '') <> coalesce(invitations.customer_key, '')
    )
    and {{ tested_days('responses.response_date', 'survey_response') }}
