"""Normalisation with its offset map, clauses, segmentation."""

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.lexicon import default_lexicon
from ml.scoring import Scorer
from ml.text import clauses, scan
from ml.text.clauses import MAX_CLAUSE_CHARS, split_clauses
from ml.text.normalize import normalize, normalize_all
from ml.text.scan import TermScanner
from ml.text.segment import boundaries, engine_name, segmenter, stand_alone

PIECES = st.one_of(
    st.text(max_size=6),
    st.sampled_from(
        [
            "企業(yè)",
            "價(jià)格",
            "👍",
            "👎🏻",
            "[赞]",
            "ＡＢＣ",
            "℃",
            "①",
            "㎞",
            "異響",
            "（好）",
            "屏幕(OLED)",
            "\ud800",
            "ﬁ",
            "　",
            "İ",
        ]
    ),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=12).map("".join))
def test_every_normalised_character_points_at_its_origin(text):
    result = normalize(text)
    assert (
        len(result.text) == len(result.starts) == len(result.ends)
        if result.starts
        else len(result.text) == len(text)
    )
    previous = 0
    for i, char in enumerate(result.text):
        start, end = result.original_span(i, i + 1)
        assert previous <= start < end <= len(text)
        previous = start
        # A letter that was not touched points at itself.
        if result.starts is None and unicodedata.category(char)[0] == "L" and char == text[i]:
            assert (start, end) == (i, i + 1)
        if end - start == 1 and char == text[start]:
            assert normalize(text[start]).text.startswith(char)
    assert normalize(result.text).text == result.text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("企業(yè)的價(jià)格", "企业的价格"),
        ("驗(yàn)車", "验车"),
        ("屏幕(OLED)", "屏幕(oled)"),
        ("续航（NEDC）", "续航(nedc)"),
        ("ＣＶＴ變速箱", "cvt变速箱"),
        ("差👎", "差 差评 "),
        ("正常 文本", "正常 文本"),
    ],
)
def test_normal_form(text, expected):
    assert normalize(text).text == expected


def test_an_impossible_span_is_refused():
    with pytest.raises(ValueError, match="no such span"):
        normalize("abc").original_span(2, 5)


SPANS = [
    ("外觀漂亮，但是剎車失靈", "SAF-BRK", "剎車失靈"),
    ("企業(yè)的發(fā)動(dòng)機(jī)異響", "PWR-NVH", "發(fā)動(dòng)機(jī)異響"),
    ("😀😀提车了。空调不制冷", "INT-HVC", "空调不制冷"),
    ("[手机] 油耗高", "NEV-FUE", "油耗高"),
    ("ＣＶＴ顿挫", "PWR-TRN", "ＣＶＴ顿挫"),
    ("℃℃座椅很硬", "INT-SEA", "座椅很硬"),
]


@pytest.mark.parametrize(("text", "code", "evidence"), SPANS)
def test_evidence_is_cut_from_the_original_text(text, code, evidence):
    mentions = {m.aspect_code: m for m in Scorer().score([text])[0].mentions}
    mention = mentions[code]
    assert text[mention.evidence_start : mention.evidence_end] == evidence


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.one_of(
            PIECES, st.sampled_from(["发动机异响", "，但是", "油耗高", "没有", "刹车失灵", "。", "空间大"])
        ),
        max_size=10,
    ).map("".join)
)
def test_evidence_always_lies_within_the_text(text):
    score = Scorer().score([text])[0]
    for mention in score.mentions:
        assert 0 <= mention.evidence_start < mention.evidence_end <= len(text)
        assert mention.polarity in {-1, 0, 1}
        assert mention.intensity in {1, 2, 3}
        assert 0 <= mention.confidence <= 1
    assert len({m.aspect_code for m in score.mentions}) == len(score.mentions)
    assert -1 <= score.sentiment_score <= 1


def clause_texts(text):
    return [text[c.start : c.end] for c in split_clauses(text, default_lexicon().contrast)]


def test_clauses_end_at_punctuation_and_before_contrast():
    assert clause_texts("外观好看,但是油耗高!快但破。落地多少?") == [
        "外观好看",
        "但是油耗高",
        "快",
        "但破",
        "落地多少",
    ]
    assert clause_texts("不过如此") == ["不过如此"]
    assert [c.asks for c in split_clauses("好吗?好。", default_lexicon().contrast)] == [True, False]
    assert clause_texts("  \n，，。。") == []


def test_a_text_without_punctuation_is_cut_into_pieces():
    pieces = split_clauses("油" * 1000, default_lexicon().contrast)
    assert max(c.end - c.start for c in pieces) == MAX_CLAUSE_CHARS
    assert sum(c.end - c.start for c in pieces) == 1000


CHARS = st.text("油好不机\ud800😀.", max_size=12)


@settings(max_examples=200, deadline=None)
@given(st.lists(CHARS.filter(bool), min_size=1, max_size=8, unique=True), st.lists(CHARS, max_size=6))
@pytest.mark.parametrize(("sieve", "window"), [(scan._SIEVE, scan.WINDOW), (1, 3)])
def test_the_scanner_finds_what_a_plain_search_finds(sieve, window, terms, texts):
    with pytest.MonkeyPatch.context() as patch:
        # A sieve of two places lets everything through; a window of three cuts every term.
        patch.setattr(scan, "_SIEVE", sieve)
        patch.setattr(scan, "WINDOW", window)
        found = list(TermScanner(terms).scan(texts))
    expected = [
        (number, start, start + len(term), terms.index(term))
        for number, text in enumerate(texts)
        for start in range(len(text))
        for term in sorted(terms, key=len, reverse=True)
        if text.startswith(term, start)
    ]
    assert found == expected


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(PIECES, max_size=4).map("".join), max_size=8))
def test_texts_normalised_together_are_normalised_as_alone(texts):
    assert normalize_all(texts) == [normalize(text) for text in texts]


PHRASES = [
    *("发动机异响", "，但是", "油耗高", "没有", "好", "很爽", "挺贵", "。", "高", "大", "?", "..", "\ud800"),
    *("响", "声音", "空间大", "要求退车", "如果", "刹车失灵", "👍", "[手机]", " ", "好不好", "企業(yè)"),
]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(st.sampled_from(PHRASES), max_size=12).map("".join), max_size=8))
def test_a_score_does_not_depend_on_the_texts_beside_it(texts):
    scorer = Scorer()
    assert scorer.score(texts) == [scorer.score([text])[0] for text in texts]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PHRASES), min_size=1, max_size=12).map("".join))
@pytest.mark.parametrize("engine", ["rjieba", "jieba"])
def test_a_stretch_is_cut_as_the_whole_text_is(engine, text):
    cut = segmenter(tuple(default_lexicon().domain_words()), engine)
    words = boundaries(text, cut)
    spans = [(0, start, start + 1) for start in range(len(text)) if text[start] in "好爽贵高大响"]
    expected = [(start, end) in words or (start - 1, end) in words for _, start, end in spans]
    assert (stand_alone([text], spans, cut) if spans else []) == expected


def plain_clause_ends(text):
    """Return what ends a clause by the alternatives written out, tried at every place."""
    words = "|".join(sorted(default_lexicon().contrast, key=lambda word: (-len(word), word)))
    pattern = rf"([。！？!?;；\n~…]+|\.{{2,}})|([,，:：\s]+)|({words})(?!如此|凡|说)"
    return [(m.span(), m.lastindex if m.lastindex < 3 else None) for m in re.finditer(pattern, text)]


ENDS = [
    *default_lexicon().contrast,
    "如此",
    "凡",
    "说",
    "。",
    "?",
    ".",
    "..",
    "…",
    ",",
    "：",
    " ",
    "\n",
    "油",
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(ENDS), max_size=12).map("".join))
def test_clauses_end_where_the_written_out_pattern_says(text):
    found = clauses._splitter(default_lexicon().contrast).finditer(text)
    assert [(m.span(), m.lastindex) for m in found] == plain_clause_ends(text)


SENTENCES = [
    "方向盘抖动很厉害，去了三次店都没有修好",
    "外观好看内饰精致，就是油耗有点高",
    "自动驻车经常失灵，倒车影像黑屏",
    "空调制冷效果不错，后排空间也很宽敞",
    "变速箱顿挫明显，低速行驶的时候特别严重",
    "厂家客服一直推诿，没有给出解决方案",
    "续航里程虚标严重，冬天只能跑两百公里",
    "车漆很薄，石子一打就掉漆",
    "提车一个月就降价两万，老车主被背刺",
    "座椅加热很好用，冬天再也不怕冷了",
]


def test_both_engines_cut_the_domain_sentences_alike():
    words = tuple(default_lexicon().domain_words())
    fast, reference = segmenter(words, "rjieba"), segmenter(words, "jieba")
    same = sum(boundaries(s, fast) == boundaries(s, reference) for s in SENTENCES)
    assert same >= 9
    for sentence in SENTENCES:
        assert "".join(fast(sentence)) == "".join(reference(sentence)) == sentence


def test_domain_words_are_taught_to_both():
    words = tuple(default_lexicon().domain_words())
    for name in ("rjieba", "jieba"):
        assert "怠速抖动" in segmenter(words, name)("这车怠速抖动厉害")


def test_the_engine_can_be_forced_and_is_checked(monkeypatch):
    monkeypatch.setenv("VOC_SEGMENTER", "jieba")
    assert engine_name().startswith("jieba-")
    monkeypatch.setenv("VOC_SEGMENTER", "other")
    with pytest.raises(ValueError, match="rjieba or jieba"):
        engine_name()


@pytest.mark.parametrize(
    "unit", ["啊", "不", "异响", "1个油", "　", "👍", "企業(yè)", "没有异响、", "刹车失灵，", "a("]
)
def test_a_very_long_text_takes_linear_time(unit):
    import time

    scorer = Scorer()
    scorer.score([unit * 10])

    def seconds(chars):
        text = (unit * (chars // len(unit) + 1))[:chars]
        best = []
        for _ in range(2):
            before = time.process_time()
            scorer.score([text])
            best.append(time.process_time() - before)
        return min(best)

    small, large = seconds(10_000), seconds(80_000)
    # 8 times the text: linear is 8, quadratic is 64.
    assert large <= max(0.05, small * 24)


def test_a_long_text_of_200k_characters_is_scored():
    text = "外观不错，但是发动机异响。" * 16_000
    score = Scorer().score([text])[0]
    assert score.text_char_count == len(text) > 200_000
    assert {m.aspect_code: m.polarity for m in score.mentions}["PWR-NVH"] == -1
