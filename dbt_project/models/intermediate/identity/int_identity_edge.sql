-- 一行 = 两个键之间一种证据。
-- 视图：身份每次都由全部证据重算，存成增量表就要每天重写历史。
select * from {{ ref('stg_identity__link_edge') }}
