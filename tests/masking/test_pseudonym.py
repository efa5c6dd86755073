"""Normal forms: spellings of one identifier meet, different identifiers stay apart."""

from __future__ import annotations

import pytest

from orchestration.admission.pseudonym import VinParts, normalise, vin8, vin_parts

SAME = {
    ("phone", "phone", "13800138000"): [
        "13800138000",
        "+86 138-0013-8000",
        "0086 13800138000",
        "86-138 0013 8000",
        "１３８００１３８０００",
        "138\u200b0013\u200b8000",
        "幺三八零零幺三八零零零",
        "一三八〇〇一三八〇〇〇",
        "013800138000",
        "1 3 8 0 0 1 3 8 0 0 0",
    ],
    ("landline", "phone", "02188886666"): [
        "021-88886666",
        "(021) 8888 6666",
        "+86 21 88886666",
        "021-88886666转8001",
        "02188886666 ext. 12",
    ],
    ("mail", "mail", "zhang.san@qq.com"): [
        "Zhang.San@QQ.com",
        " zhang.san@qq.com ",
        "zhang.san＠qq．com",
        "zhang.san(at)qq.com",
        "zhang.san@qq点com",
    ],
    ("plate", "plate", "沪A12345"): [
        "沪A·12345",
        "沪a 12345",
        "沪Ａ１２３４５",
        "沪A-12345",
        "沪A幺二三四五",
    ],
    ("vin", "vin", "LSVAM4187C2184847"): [
        "lsvam4187c2184847",
        "LSV AM4187 C2184847",
        "ＬＳＶＡＭ４１８７Ｃ２１８４８４７",
    ],
    ("id_card", "person", "id_card:11010519491231002X"): [
        "11010519491231002x",
        "110105 19491231 002X",
        "110105491231002",
    ],
    ("bank_card", "account", "bank_card:6222021234567890128"): [
        "6222 0212 3456 7890 128",
        "6222021234567890128",
    ],
    ("customer_no", "person", "customer_no:C00123"): ["c00123", " C00123 "],
    ("wechat", "account", "wechat:abc_123"): ["ABC_123", "abc_123 "],
    ("qq", "account", "qq:123456789"): ["123456789", "一二三四五六七八九", "123 456 789"],
}


@pytest.mark.parametrize("expected", SAME, ids=lambda e: e[0])
def test_spellings_meet(expected):
    pii_class, domain, normal = expected
    assert {normalise(pii_class, value) for value in SAME[expected]} == {(domain, normal)}


def test_value_that_is_none_of_its_class_keeps_a_trimmed_upper_form():
    assert normalise("phone", " 无 ") == ("phone", "无")
    assert normalise("phone", "abc12") == ("phone", "ABC12")
    assert normalise("mail", "none") == ("mail", "NONE")
    assert normalise("vin", "  ") == ("vin", "")


def test_no_pseudonym_for_names():
    with pytest.raises(ValueError, match="person_name"):
        normalise("person_name", "张三")


def test_vin_parts():
    assert vin_parts("LSVAM4187C2184847") == VinParts("LSV", 2012, "2")
    assert vin_parts("LSVAM4187C218484") == VinParts(None, None, None)
    assert vin8("lsv-am4187c2184847") == "C2184847"
    assert vin8("123") == ""
