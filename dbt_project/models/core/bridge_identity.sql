-- 一行 = 一个键在一段日子里的一位候选人；没有人可指认的键（共用号、人员电话）也在其中。
select
    cast(domain as string) as key_domain,
    cast(identity_key as string) as identity_key,
    cast(person_id as string) as person_id,
    cast(household_id as string) as household_id,
    cast(confidence as decimal(9, 6)) as confidence,
    cast(link_method as string) as link_method,
    cast(valid_from as date) as valid_from,
    cast(valid_to as date) as valid_to,
    cast(evidence_count as integer) as evidence_count,
    cast(is_anchored as boolean) as is_anchored,
    cast(is_shared as boolean) as is_shared,
    cast(is_staff as boolean) as is_staff
from {{ ref('int_identity_key') }}
