-- 一行 = 一条保修索赔行的一个版本。
with source as (
    select * from {{ source('raw', 'warranty_claims__claim_line') }}
),

renamed as (
    select
        ----------  编号
        record_id,
        version_key,
        content_hash,

        ----------  契约字段
        claim_no,
        cast(line_no as integer) as line_no,
        vin_key,
        vin8_key,
        vin_wmi,
        cast(vin_model_year as integer) as vin_model_year,
        vin_plant,
        dealer_code,
        cast(failure_date as date) as failure_date,
        cast(repair_date as date) as repair_date,
        cast(submitted_date as date) as submitted_date,
        cast(mileage_km as integer) as mileage_km,
        part_code,
        fault_code,
        fault_note,
        cost_type,
        cast(claimed_amount_cny as decimal(18, 2)) as claimed_amount_cny,
        cast(approved_amount_cny as decimal(18, 2)) as approved_amount_cny,
        status,
        claim_kind,
        visit_no,
        cast(approved_date as date) as approved_date,
        cast(posted_date as date) as posted_date,
        cast(reversed_date as date) as reversed_date,
        supplier_code,
        lot_no,
        cast(tax_rate as decimal(18, 6)) as tax_rate,
        currency,
        cost_centre,
        cast(updated_at as timestamp) as updated_at,

        ----------  时间
        event_at,
        event_date,
        event_basis,
        received_at,
        ingest_date,

        ----------  血缘
        delivery_id,
        record_ordinal,
        is_deleted,
        contract_version,
        masker_version
    from source
)

select * from renamed
