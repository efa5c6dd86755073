-- 一行 = 一个带有任何键的声音：是谁说的、说哪辆车、凭什么、有多大把握；不能定则为空。
-- 它是视图：主数据迟到或更正会改变历史声音的对应，存成表就要每天重写历史。
select
    cast(voices.feedback_id as string) as feedback_id,
    cast(voices.channel as string) as channel,
    cast(links.person_id as string) as person_id,
    cast(links.household_id as string) as household_id,
    cast(links.customer_key as string) as customer_key,
    cast(links.vin_key as string) as vin_key,
    cast(links.link_method as string) as link_method,
    cast(links.vehicle_basis as string) as vehicle_basis,
    cast(links.confidence as decimal(9, 6)) as confidence,
    cast(links.candidate_count as integer) as candidate_count,
    cast(links.is_ambiguous as boolean) as is_ambiguous,
    cast(links.is_staff_suspected as boolean) as is_staff_suspected,
    cast(voices.feedback_date as date) as feedback_date
from {{ ref('fct_feedback') }} as voices
inner join {{ ref('int_identity_voice') }} as links on voices.feedback_id = links.feedback_id
