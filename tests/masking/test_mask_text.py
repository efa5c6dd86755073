"""The contract of `mask_text`."""

from __future__ import annotations

from orchestration.admission.masking import TOKENS, mask_text


def test_spans_refer_to_the_original_and_tokens_stand_in_the_text():
    text = "我电话１３８００１３８０００，邮箱a.b@qq.com，谢谢"
    result = mask_text(text)
    assert result.text == "我电话[手机]，邮箱[邮箱]，谢谢"
    assert [(found.pii_class, text[found.start : found.end]) for found in result.found] == [
        ("phone", "１３８００１３８０００"),
        ("mail", "a.b@qq.com"),
    ]
    assert {found.pii_class for found in result.found} <= set(TOKENS)


def test_text_without_finding_is_the_same_object():
    text = "刹车偏软，油耗１０.5 个，跑了20000公里"
    assert mask_text(text) == (text, ())
