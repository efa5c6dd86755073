-- 一行 = 本次窗口内一条反馈记录的一个版本，各渠道合并。
-- 渠道名单来自环境变量（由 voc.yml 得出）：新渠道加入时，本模型与其后的模型都不改。
{% for channel in env_var('VOC_FEEDBACK_CHANNELS').split(',') %}
select * from {{ ref('int_feedback__' ~ channel) }}
{% if not loop.last %}
union all
{% endif %}
{% endfor %}
