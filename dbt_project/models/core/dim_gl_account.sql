-- 一行 = 一个与业务记录对平的总账科目（种子 gl_account，由财务维护）。
select
    cast(account_code as string) as account_code,
    cast(subject as string) as subject,
    cast(account_label_zh as string) as account_label_zh
from {{ ref('gl_account') }}
