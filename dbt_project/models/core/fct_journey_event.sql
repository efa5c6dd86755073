-- 一行 = 一个人的一件事（含其声音），各来源同形；附当时的属性：车型、车龄、所在城市。
-- 它是视图：身份会变，旧事归谁也随之变；一个人的旅程按 event_date、day_event_no 排序。
with business_events as (
    select
        'order' as event_kind,
        'sales' as source_channel,
        order_id as source_id,
        cast(ordered_at as timestamp) as event_at,
        ordered_date as event_date,
        customer_key,
        vin_key,
        dealer_code,
        cast(null as string) as lead_no,
        order_kind as detail_zh
    from {{ ref('fct_vehicle_order') }}
    union all
    select
        'delivery' as event_kind,
        'sales' as source_channel,
        order_id as source_id,
        cast(null as timestamp) as event_at,
        delivered_date as event_date,
        customer_key,
        vin_key,
        dealer_code,
        cast(null as string) as lead_no,
        order_kind as detail_zh
    from {{ ref('fct_vehicle_order') }}
    where delivered_date is not null
    union all
    select
        'cancellation' as event_kind,
        'sales' as source_channel,
        order_id as source_id,
        cast(null as timestamp) as event_at,
        cancelled_date as event_date,
        customer_key,
        vin_key,
        dealer_code,
        cast(null as string) as lead_no,
        order_kind as detail_zh
    from {{ ref('fct_vehicle_order') }}
    where cancelled_date is not null
    union all
    select
        'accessory_order' as event_kind,
        'sales' as source_channel,
        accessory_order_id as source_id,
        cast(ordered_at as timestamp) as event_at,
        ordered_date as event_date,
        customer_key,
        cast(null as string) as vin_key,
        cast(null as string) as dealer_code,
        cast(null as string) as lead_no,
        status as detail_zh
    from {{ ref('fct_accessory_order') }}
    union all
    select
        'lead' as event_kind,
        'crm' as source_channel,
        lead_id as source_id,
        cast(created_at as timestamp) as event_at,
        created_date as event_date,
        customer_key,
        cast(null as string) as vin_key,
        dealer_code,
        lead_no,
        lead_source as detail_zh
    from {{ ref('fct_lead') }}
    union all
    select
        'test_drive' as event_kind,
        'crm' as source_channel,
        test_drive_id as source_id,
        cast(driven_at as timestamp) as event_at,
        driven_date as event_date,
        customer_key,
        cast(null as string) as vin_key,
        dealer_code,
        lead_no,
        vehicle_model_code as detail_zh
    from {{ ref('fct_test_drive') }}
    union all
    select
        'ownership' as event_kind,
        'customers_vehicles' as source_channel,
        md5(concat(vin_key, customer_key, basis, relation, cast(valid_from as string))) as source_id,
        cast(null as timestamp) as event_at,
        valid_from as event_date,
        customer_key,
        vin_key,
        cast(null as string) as dealer_code,
        cast(null as string) as lead_no,
        relation as detail_zh
    from {{ ref('int_identity_vehicle_owner') }}
    union all
    select
        'service_visit' as event_kind,
        'service' as source_channel,
        visit_id as source_id,
        cast(arrived_at as timestamp) as event_at,
        arrived_date as event_date,
        customer_key,
        vin_key,
        dealer_code,
        cast(null as string) as lead_no,
        visit_reason as detail_zh
    from {{ ref('fct_service_visit') }}
    union all
    select
        'warranty_claim' as event_kind,
        'warranty_claims' as source_channel,
        claim_line_id as source_id,
        cast(null as timestamp) as event_at,
        failure_date as event_date,
        cast(null as string) as customer_key,
        vin_key,
        dealer_code,
        cast(null as string) as lead_no,
        cost_type as detail_zh
    from {{ ref('fct_warranty_claim_line') }}
    union all
    select
        'goodwill' as event_kind,
        'crm' as source_channel,
        goodwill_id as source_id,
        cast(null as timestamp) as event_at,
        granted_date as event_date,
        customer_key,
        vin_key,
        cast(null as string) as dealer_code,
        cast(null as string) as lead_no,
        goodwill_kind as detail_zh
    from {{ ref('fct_goodwill') }}
    union all
    select
        'contact' as event_kind,
        'crm' as source_channel,
        contact_id as source_id,
        cast(started_at as timestamp) as event_at,
        started_date as event_date,
        customer_key,
        cast(null as string) as vin_key,
        cast(null as string) as dealer_code,
        cast(null as string) as lead_no,
        contact_reason as detail_zh
    from {{ ref('fct_contact') }}
    union all
    select
        'complaint_case' as event_kind,
        'crm' as source_channel,
        case_id as source_id,
        cast(opened_at as timestamp) as event_at,
        opened_date as event_date,
        customer_key,
        vin_key,
        cast(null as string) as dealer_code,
        cast(null as string) as lead_no,
        source_channel as detail_zh
    from {{ ref('fct_complaint_case') }}
    union all
    select
        'case_resolution' as event_kind,
        'crm' as source_channel,
        case_id as source_id,
        cast(resolved_at as timestamp) as event_at,
        {{ shanghai_date('resolved_at') }} as event_date,
        customer_key,
        vin_key,
        cast(null as string) as dealer_code,
        cast(null as string) as lead_no,
        resolution as detail_zh
    from {{ ref('fct_complaint_case') }}
    where resolved_at is not null
    union all
    select
        'insurance_policy' as event_kind,
        'insurance' as source_channel,
        policy_id as source_id,
        cast(null as timestamp) as event_at,
        start_date as event_date,
        customer_key,
        vin_key,
        dealer_code,
        cast(null as string) as lead_no,
        renewal_kind as detail_zh
    from {{ ref('fct_insurance_policy') }}
    union all
    select
        'software_install' as event_kind,
        'connected_car' as source_channel,
        software_install_id as source_id,
        cast(installed_at as timestamp) as event_at,
        installed_date as event_date,
        cast(null as string) as customer_key,
        vin_key,
        cast(null as string) as dealer_code,
        cast(null as string) as lead_no,
        software_version as detail_zh
    from {{ ref('fct_software_install') }}
    union all
    select
        'consent' as event_kind,
        'crm' as source_channel,
        consent_id as source_id,
        cast(valid_from as timestamp) as event_at,
        valid_from_date as event_date,
        customer_key,
        cast(null as string) as vin_key,
        cast(null as string) as dealer_code,
        cast(null as string) as lead_no,
        purpose as detail_zh
    from {{ ref('fct_consent') }}
    union all
    select
        'survey_invitation' as event_kind,
        'survey' as source_channel,
        invitation_id as source_id,
        cast(invited_at as timestamp) as event_at,
        invited_date as event_date,
        customer_key,
        vin_key,
        dealer_code,
        cast(null as string) as lead_no,
        touchpoint as detail_zh
    from {{ ref('fct_survey_invitation') }}
),

keys as (
    select
        domain,
        identity_key,
        person_id
    from {{ ref('int_identity_key') }}
    where domain in ('customer', 'lead') and not is_shared and person_id is not null
),

owners as (
    select * from {{ ref('int_identity_vehicle_owner') }}
    where relation <> '共有'
),

business as (
    select
        events.*,
        coalesce(customers.person_id, leads.person_id, owners.person_id) as person_id,
        coalesce(events.customer_key, case when leads.person_id is null then owners.customer_key end)
            as known_customer_key,
        case
            when customers.person_id is not null then 'customer'
            when leads.person_id is not null then 'lead'
            when owners.person_id is not null then 'vehicle_owner'
        end as person_basis
    from business_events as events
    left join keys as customers on customers.domain = 'customer' and events.customer_key = customers.identity_key
    left join keys as leads
        on leads.domain = 'lead' and events.customer_key is null and events.lead_no = leads.identity_key
    left join owners
        on
            events.customer_key is null
            and events.vin_key = owners.vin_key
            and events.event_date >= owners.valid_from
            and (owners.valid_to is null or events.event_date < owners.valid_to)
),

voices as (
    select
        'voice' as event_kind,
        feedback.channel as source_channel,
        feedback.feedback_id as source_id,
        case when feedback.occurred_at_basis = 'source_time' then feedback.occurred_at end as event_at,
        feedback.feedback_date as event_date,
        links.customer_key as known_customer_key,
        links.vin_key,
        cast(null as string) as dealer_code,
        feedback.channel as detail_zh,
        links.person_id,
        links.link_method as person_basis
    from {{ ref('fct_feedback') }} as feedback
    inner join {{ ref('int_identity_voice') }} as links on feedback.feedback_id = links.feedback_id
),

events as (
    select
        event_kind,
        source_channel,
        source_id,
        event_at,
        event_date,
        known_customer_key,
        vin_key,
        dealer_code,
        detail_zh,
        person_id,
        person_basis
    from business
    where person_id is not null
    union all
    select
        event_kind,
        source_channel,
        source_id,
        event_at,
        event_date,
        known_customer_key,
        vin_key,
        dealer_code,
        detail_zh,
        person_id,
        person_basis
    from voices
    where person_id is not null
),

-- 序号只在一人一日之内编：迟到的事件因此只改动它自己的那一日。
placed as (
    select
        events.*,
        row_number() over (
            partition by person_id, event_date
            order by
                -- 只知日期的事排在当日有时刻的事之后，彼此按常理的先后。
                event_at asc nulls last,
                case event_kind
                    when 'warranty_claim' then 1
                    when 'cancellation' then 2
                    when 'goodwill' then 3
                    when 'delivery' then 4
                    when 'ownership' then 5
                    when 'insurance_policy' then 6
                    else 7
                end asc nulls last,
                event_kind asc nulls last,
                source_id asc nulls last
        ) as day_event_no
    from events
)

select
    ----------  编号
    cast(concat(placed.event_kind, ':', placed.source_id) as string) as journey_event_id,
    cast(placed.person_id as string) as person_id,
    cast(coalesce(placed.known_customer_key, persons.anchor_key) as string) as customer_key,
    cast(placed.vin_key as string) as vin_key,
    cast(placed.source_id as string) as source_id,

    ----------  属性
    cast(placed.event_kind as string) as event_kind,
    cast(placed.source_channel as string) as source_channel,
    cast(placed.person_basis as string) as person_basis,
    cast(placed.detail_zh as string) as detail_zh,
    cast(placed.dealer_code as string) as dealer_code,
    cast(vehicles.vehicle_model_code as string) as vehicle_model_code,
    cast(customers.city_zh as string) as city_zh,
    cast(case
        when placed.event_date >= vehicles.sold_date
            then {{ month_number('placed.event_date') }} - {{ month_number('vehicles.sold_date') }}
    end as integer) as vehicle_age_months,
    cast(placed.day_event_no as integer) as day_event_no,

    ----------  是否
    cast(placed.event_at is not null as boolean) as is_time_known,

    ----------  时间
    cast(coalesce(
        placed.event_at, cast(placed.event_date as timestamp) - interval '8' hour
    ) as timestamp) as occurred_at,
    cast(placed.event_date as date) as event_date
from placed
left join {{ ref('int_identity_person') }} as persons
    on placed.person_id = persons.person_id and persons.is_anchored
left join {{ ref('dim_vehicle') }} as vehicles on placed.vin_key = vehicles.vin_key
left join {{ ref('dim_customer') }} as customers
    on
        coalesce(placed.known_customer_key, persons.anchor_key) = customers.customer_key
        and placed.event_date >= customers.valid_from
        and (customers.valid_to is null or placed.event_date < customers.valid_to)
