-- 一行 = 一段与别的文字近似重复的文字，附它的编组。
-- 视图：编组由全部文字得出，新到的文字可把旧编组连起来。
select * from {{ ref('stg_score__text_group') }}
