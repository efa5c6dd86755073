-- 一行 = 一个渠道（属性取自渠道契约）。
with channels as (
    select * from {{ source('ctl', 'channel') }}
)

select
    cast(channel as string) as channel,
    cast(label_zh as string) as label_zh,
    cast(description_zh as string) as description_zh,
    cast(loop as string) as loop_type,
    cast(is_solicited as boolean) as is_solicited,
    cast(author_role as string) as author_role,
    cast(is_first_hand as boolean) as is_first_hand,
    cast(is_identified as boolean) as is_identified,
    cast(id_basis as string) as id_basis,
    cast(contract_version as integer) as contract_version,
    cast(expected_by as string) as expected_by,
    cast(stale_after_h as integer) as stale_after_h,
    cast(is_enabled as boolean) as is_enabled
from channels
