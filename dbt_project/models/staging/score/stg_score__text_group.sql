-- 一行 = 一段与别的文字近似重复的文字，附它的编组。
with source as (
    select * from {{ source('raw', 'text_group') }}
),

renamed as (
    select
        score_input_hash,
        text_group_id,
        cast(similarity_to_group as decimal(9, 6)) as similarity_to_group,
        cast(group_text_count as integer) as group_text_count
    from source
)

select * from renamed
