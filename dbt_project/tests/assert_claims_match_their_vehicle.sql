-- The model of a claim is that of its car as the master data has it now.
select claim_lines.claim_line_id
from {{ ref('fct_warranty_claim_line') }} as claim_lines
left join {{ ref('dim_vehicle') }} as vehicles
    on claim_lines.vin_key = vehicles.vin_key
where
    coalesce(claim_lines.vehicle_model_code, '') <> coalesce(vehicles.vehicle_model_code, '')
    and {{ tested_days('claim_lines.failure_date', 'warranty_claim_line') }}
