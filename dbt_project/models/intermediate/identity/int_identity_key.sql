-- 一行 = 一个键在一段日子里的一位候选人。
-- 视图：身份每次都由全部证据重算，存成增量表就要每天重写历史。
select * from {{ ref('stg_identity__key_person') }}
