-- 一行 = 一场营销活动的现行版本。
{{ current_business_records(
    ref('stg_crm__campaign'),
    'crm__campaign',
    [
        'campaign_no', 'campaign_name_zh', 'claim_text', 'aspect_tag', 'vehicle_model_code', 'medium',
        'spend_cny', 'brand_side', 'brand_zh', 'service_script', 'start_date', 'end_date', 'updated_at',
    ],
) }}
