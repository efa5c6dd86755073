-- 一行 = 一位客户拥有一辆车的一段日子。
-- 视图：身份每次都由全部证据重算，存成增量表就要每天重写历史。
select * from {{ ref('stg_identity__vehicle_owner') }}
