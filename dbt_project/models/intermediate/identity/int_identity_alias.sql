-- 一行 = 一个归入某人的别的编号。
-- 视图：身份每次都由全部证据重算，存成增量表就要每天重写历史。
select * from {{ ref('stg_identity__alias') }}
