-- 一行 = 一个带有任何键的声音。
-- 视图：身份每次都由全部证据重算，存成增量表就要每天重写历史。
select * from {{ ref('stg_identity__voice_link') }}
