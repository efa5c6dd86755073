-- 一行 = 一位客户拥有一辆车的一段日子，自 valid_from 起（含）至 valid_to 止（不含，空 = 至今）。
select
    cast(vin_key as string) as vin_key,
    cast(customer_key as string) as customer_key,
    cast(person_id as string) as person_id,
    cast(relation as string) as relation,
    cast(basis as string) as basis,
    cast(confidence as decimal(9, 6)) as confidence,
    cast(valid_to is null as boolean) as is_current,
    cast(valid_from as date) as valid_from,
    cast(valid_to as date) as valid_to
from {{ ref('int_identity_vehicle_owner') }}
