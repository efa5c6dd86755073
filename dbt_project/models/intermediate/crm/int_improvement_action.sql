-- 一行 = 一项改进措施的现行版本。
{{ current_business_records(
    ref('stg_crm__improvement_action'),
    'crm__improvement_action',
    [
        'action_no', 'action_name_zh', 'action_kind', 'aspect_tag', 'vehicle_model_code', 'scope', 'cost_cny',
        'start_date', 'end_date', 'ota_release_no', 'owner_department', 'updated_at',
    ],
) }}
