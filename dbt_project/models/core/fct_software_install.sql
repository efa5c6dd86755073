-- 一行 = 一辆车的一次软件安装（现行版本）；安装成功的附其版本的有效区间，至下一次成功安装为止。
-- 窗口须看同一辆车的全部安装，故先取受影响车辆的安装再筛选日子。
with installs as (
    select * from {{ ref('int_software_install') }}
    where not is_deleted
),

vehicles_to_redo as (
    select distinct vin_key
    from installs
    where {{ in_affected_days('event_date', 'software_install') }}
),

sequenced as (
    select
        installs.*,
        coalesce(installs.install_result = '成功', false) as is_effective,
        lead(installs.installed_at) over (
            partition by installs.vin_key, coalesce(installs.install_result = '成功', false)
            order by installs.installed_at asc nulls last, installs.record_id asc nulls last
        ) as next_installed_at
    from installs
    inner join vehicles_to_redo
        on installs.vin_key = vehicles_to_redo.vin_key
)

select
    ----------  编号
    cast(record_id as string) as software_install_id,
    cast(vin_key as string) as vin_key,
    cast(software_version as string) as software_version,
    cast(ota_release_no as string) as ota_release_no,

    ----------  属性
    cast(install_result as string) as install_result,

    ----------  是否
    cast(is_effective as boolean) as is_effective,

    ----------  时间
    cast(case when is_effective then installed_at end as timestamp) as valid_from,
    cast(case when is_effective then next_installed_at end as timestamp) as valid_to,
    cast(installed_at as timestamp) as installed_at,
    cast(updated_at as timestamp) as updated_at,
    cast(event_date as date) as installed_date
from sequenced
where {{ in_affected_days('event_date', 'software_install') }}
order by installed_date, software_install_id
