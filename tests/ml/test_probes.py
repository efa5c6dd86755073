"""Hand-written probes: what the rules promise about negation, contrast, questions, emoji and script."""

import pytest

from ml.scoring import Scorer

SCORER = Scorer()

NEGATION = [
    ("没有任何异响", 1),
    ("从来没有出过故障", 1),
    ("不费油", 1),
    ("一点都不颠", 1),
    ("开了两年没有漏油、没有异响", 1),
    ("没有异响、漏油", 1),
    ("座椅不舒服", -1),
    ("外观不好看", -1),
    ("不是很满意", -1),
    ("没那么好看", -1),
    ("隔音不是不好", 1),
    ("不得不说动力很强", 1),
    ("没有人解决漏油问题", -1),
    ("没想到这么好开", 1),
    ("提速不给力", -1),
    ("油耗不高", 1),
    ("油耗不低", -1),
    ("空间不大", -1),
    ("质量并不差", 1),
    ("异响消失了", 1),
    ("异响一直没修好", -1),
    ("难道不好看吗", 1),
    ("哪里舒服了", -1),
    ("没有什么毛病", 1),
    ("无可挑剔", 1),
]
PLAIN = [
    ("动力强劲，提速很快", 1),
    ("油耗太高了", -1),
    ("空间大，后排很宽敞", 1),
    ("方向盘抖动厉害", -1),
    ("中控黑屏死机", -1),
    ("销售服务很热情", 1),
    ("价格便宜", 1),
    ("噪音很大", -1),
    ("漏油", -1),
    ("好看", 1),
    ("垃圾", -1),
    ("很爽", 1),
]
DEMANDS = [
    ("您好，麻烦尽快处理一下漏油的问题，谢谢", -1),
    ("变速箱顿挫，希望厂家给个说法", -1),
    ("大灯进水，请帮忙更换，辛苦了", -1),
    ("要求退车，三个月修了五次还没修好", -1),
]
IRONY = [
    ("真是太棒了，新车三天就趴窝抛锚还漏油", -1),
    ("这也叫豪华", -1),
    ("呵呵，质量真好，修了八次还异响漏油开裂", -1),
]
ENQUIRIES = [
    "请问这车油耗高吗",
    "会烧机油吗？",
    "座椅舒服不舒服，有没有车主说下",
    "这款车异响多不多？",
    "价格贵不贵呢？",
]
EMOJI = [
    ("👍👍", 1),
    ("今天提车😡", -1),
    ("空间😍", 1),
    ("服务💩", -1),
    ("[赞][赞]", 1),
    ("后备箱👎🏻", -1),
    ("❤️", 1),
]


@pytest.mark.parametrize(("text", "polarity"), NEGATION + PLAIN + DEMANDS + IRONY + EMOJI)
def test_polarity_of_a_probe(text, polarity):
    assert SCORER.score([text])[0].sentiment_polarity == polarity


@pytest.mark.parametrize("text", ENQUIRIES)
def test_an_enquiry_judges_nothing(text):
    score = SCORER.score([text])[0]
    assert score.sentiment_polarity == 0
    assert {m.polarity for m in score.mentions} <= {0}


def by_aspect(text):
    return {m.aspect_code: m.polarity for m in SCORER.score([text])[0].mentions}


MIXED = [
    ("外观好看，但是油耗高", {"EXT-DSN": 1, "NEV-FUE": -1}),
    ("空间很大，隔音很差", {"SPC-CAB": 1, "INT-QUI": -1}),
    ("动力不错但内饰粗糙", {"PWR-ENG": 1, "INT-DSN": -1}),
    ("空间、操控都不错", {"SPC-CAB": 1, "CHS-HDL": 1}),
    ("刹车片异响，售后态度恶劣", {"SAF-BRK": -1, "AFT-ATT": -1}),
    ("座椅舒服，空调不制冷", {"INT-SEA": 1, "INT-HVC": -1}),
    ("油耗高价格贵", {"NEV-FUE": -1, "PRI-PRC": -1}),
    ("续航实在，充电慢", {"NEV-RNG": 1, "NEV-CHG": -1}),
]


@pytest.mark.parametrize(("text", "expected"), MIXED)
def test_each_aspect_has_its_own_polarity(text, expected):
    found = by_aspect(text)
    assert {code: found.get(code) for code in expected} == expected


def test_what_follows_a_contrast_outweighs_what_stands_before():
    assert SCORER.score(["快但破"])[0].sentiment_polarity == -1
    assert SCORER.score(["破但好开"])[0].sentiment_polarity == 1


SCRIPT_PAIRS = [
    ("剎車失靈，方向盤鎖死", "刹车失灵，方向盘锁死"),
    ("這個車漏油，售後態度惡劣", "这个车漏油，售后态度恶劣"),
    ("外觀漂亮，動力強勁，價格實惠", "外观漂亮，动力强劲，价格实惠"),
    ("發動機異響，無法啟動", "发动机异响，无法启动"),
    ("變速箱頓挫嚴重，廠家不處理", "变速箱顿挫严重，厂家不处理"),
]


@pytest.mark.parametrize(("traditional", "simplified"), SCRIPT_PAIRS)
def test_traditional_script_scores_like_simplified(traditional, simplified):
    first, second = SCORER.score([traditional, simplified])
    assert first == second


def test_full_width_and_pinyin_debris_change_no_judgement():
    plain = SCORER.score(["企业价格贵，CVT顿挫"])[0]
    noisy = SCORER.score(["企業(yè)價(jià)格貴，ＣＶＴ頓(dùn)挫"])[0]
    assert [(m.aspect_code, m.polarity, m.urgency) for m in noisy.mentions] == [
        (m.aspect_code, m.polarity, m.urgency) for m in plain.mentions
    ]
    assert noisy.sentiment_score == plain.sentiment_score


@pytest.mark.parametrize("name", ["比亚迪", "奔驰", "张伟", "理想L7", "[姓名]", "[车牌]", "[手机]"])
@pytest.mark.parametrize("text", ["油耗高，异响不断", "空间大，很满意", "今天去店里看了看", "没有任何异响"])
def test_a_name_changes_no_polarity(name, text):
    plain, named = SCORER.score([text, f"{name}，{text}"])
    assert named.sentiment_polarity == plain.sentiment_polarity
    assert named.urgency == plain.urgency
    kept = {m.aspect_code: m.polarity for m in named.mentions}
    assert {m.aspect_code: m.polarity for m in plain.mentions}.items() <= kept.items()


def test_intensity_follows_the_degree():
    mild, plain, strong = SCORER.score(["噪音有点大", "噪音大", "噪音特别大"])
    assert mild.mentions[0].intensity <= plain.mentions[0].intensity < strong.mentions[0].intensity


@pytest.mark.parametrize("text", [None, "", " ", "\n\t　", "。", "[手机]", "[姓名][地址]", "嗯嗯"])
def test_nothing_to_judge_is_abstained_from(text):
    score = SCORER.score([text])[0]
    assert score.is_abstained
    assert (score.sentiment_polarity, score.urgency, score.mentions) == (0, "none", ())
    assert score.text_char_count == len(text or "")


def test_every_score_is_marked_as_cold_start():
    assert all(score.is_cold_start for score in SCORER.score(["漏油", "", "空间大"]))
