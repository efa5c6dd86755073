"""Normalisation with its offset map, clauses, segmentation."""

import re
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml import reading, scoring
from ml.lexicon import _leftmost_longest, default_lexicon
from ml.scoring import Scorer
from ml.text import noise, scan
from ml.text.clauses import MAX_CLAUSE_CHARS, TURNING, split_clauses
from ml.text.fold import fold, fold_all
from ml.text.scan import TermScanner, join
from ml.text.segment import boundaries, engine_name, segmenter, stand_alone
from orchestration.admission.masking import TOKENS

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


def test_the_tokens_of_the_masker_are_known():
    assert len(scan.MASK_TOKENS) == len(TOKENS)
    assert set(scan.MASK_TOKENS) == set(TOKENS.values())
    assert all(scan.MASK_TOKEN.fullmatch(token) for token in TOKENS.values())
    assert {token.lower() for token in TOKENS.values()} == noise._MASKS.keys()


@pytest.mark.parametrize("token", TOKENS.values())
def test_a_token_says_nothing_of_the_car(token):
    text = f"{token}说刹车失灵"
    bare, masked = Scorer().score([" " * len(token) + text[len(token) :], text])
    assert masked.mentions == bare.mentions


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=12).map("".join))
def test_every_normalised_character_points_at_its_origin(text):
    result = fold(text)
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
            assert fold(text[start]).text.startswith(char)
    assert fold(result.text).text == result.text


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
    assert fold(text).text == expected


def test_an_impossible_span_is_refused():
    with pytest.raises(ValueError, match="no such span"):
        fold("abc").original_span(2, 5)


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


def split(*texts):
    return split_clauses(join(texts), default_lexicon().contrast)


def clause_texts(text):
    found = split(text)
    return [text[start:end] for start, end in zip(found.starts, found.ends, strict=True)]


def test_clauses_end_at_punctuation_and_before_contrast():
    assert clause_texts("外观好看,但是油耗高!快但破。落地多少?") == [
        "外观好看",
        "但是油耗高",
        "快",
        "但破",
        "落地多少",
    ]
    assert clause_texts("不过如此") == ["不过如此"]
    assert split("好吗?好。").asks.tolist() == [True, False]
    assert clause_texts("  \n，，。。") == []


def test_a_text_without_punctuation_is_cut_into_pieces():
    pieces = split("短", "但" + "油" * 999 + "?")
    sizes = pieces.ends - pieces.starts
    assert max(sizes) == MAX_CLAUSE_CHARS
    assert sum(sizes) == 1001
    assert np.flatnonzero(pieces.turns).tolist() == [1]
    assert np.flatnonzero(pieces.asks).tolist() == [len(sizes) - 1]


CHARS = st.text("油好不机\ud800😀.", max_size=12)


@settings(max_examples=200, deadline=None)
@given(st.lists(CHARS.filter(bool), min_size=1, max_size=8, unique=True), st.lists(CHARS, max_size=6))
@pytest.mark.parametrize(("sieve", "window"), [(scan._SIEVE, scan.WINDOW), (1, 3)])
def test_the_scanner_finds_what_a_plain_search_finds(sieve, window, terms, texts):
    with pytest.MonkeyPatch.context() as patch:
        # A sieve of two places lets everything through; a window of three cuts every term.
        patch.setattr(scan, "_SIEVE", sieve)
        patch.setattr(scan, "WINDOW", window)
        joined = join(texts)
        columns = TermScanner(terms).scan(joined)
        owners = joined.owners(columns[0]).tolist()
        found = list(zip(owners, *(column.tolist() for column in columns), strict=True))
    assert [joined.one(number) for number in range(len(texts))] == texts
    expected = [
        (number, joined.begin(number) + start, joined.begin(number) + start + len(term), terms.index(term))
        for number, text in enumerate(texts)
        for start in range(len(text))
        for term in sorted(terms, key=len, reverse=True)
        if text.startswith(term, start)
    ]
    assert found == expected


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(PIECES, max_size=4).map("".join), max_size=8))
def test_texts_normalised_together_are_normalised_as_alone(texts):
    assert fold_all(texts) == [fold(text) for text in texts]


PHRASES = [
    *("发动机异响", "，但是", "油耗高", "没有", "好", "很爽", "挺贵", "。", "高", "大", "?", "..", "\ud800"),
    *("响", "声音", "空间大", "要求退车", "如果", "刹车失灵", "👍", "[手机]", " ", "好不好", "企業(yè)"),
]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(st.sampled_from(PHRASES), max_size=12).map("".join), max_size=8))
def test_a_score_does_not_depend_on_the_texts_beside_it(texts):
    scorer = Scorer()
    alone = [scorer.score([text])[0] for text in texts]
    assert scorer.score(texts) == alone
    with pytest.MonkeyPatch.context() as patch:
        # Neither where a batch ends nor what was read before changes a score.
        patch.setattr(scoring, "_BATCH_TEXTS", 2)
        patch.setattr(reading, "MAX_SHAPES", 1)
        assert Scorer().score(texts) == alone


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 6)), max_size=30))
def test_the_leftmost_longest_of_overlapping_finds_stays(spans):
    spans = sorted({(start, start + size) for start, size in spans}, key=lambda span: (span[0], -span[1]))
    starts, ends = np.array(spans, np.int64).reshape(-1, 2).T
    expected, free = [], 0
    for start, end in spans:
        expected.append(start >= free)
        free = end if start >= free else free
    assert _leftmost_longest(starts, ends).tolist() == expected


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PHRASES), min_size=1, max_size=12).map("".join))
@pytest.mark.parametrize("engine", ["rjieba", "jieba"])
def test_a_stretch_is_cut_as_the_whole_text_is(engine, text):
    cut = segmenter(tuple(default_lexicon().domain_words()), engine)
    words = boundaries(text, cut)
    starts = np.array([place for place, char in enumerate(text) if char in "好爽贵高大响"], np.int64)
    expected = [(start, start + 1) in words or (start - 1, start + 1) in words for start in starts.tolist()]
    # The text stands between two others, which change nothing.
    joined = join(["大", text, "好"])
    found = stand_alone(joined, starts + 2, starts + 3, cut).tolist() if len(starts) else []
    assert found == expected


def plain_clauses(text):
    """Return span, sentence, turns and asks by the alternatives written out, tried at every place."""
    words = "|".join(sorted(default_lexicon().contrast, key=lambda word: (-len(word), word)))
    pattern = rf"([。！？!?;；\n~…]+|\.{{2,}})|([,，:：\s]+)|({words})(?!如此|凡|说)"
    found, begin, sentence, turns = [], 0, 0, False
    for match in re.finditer(pattern, text):
        start, end = match.span()
        if start > begin:
            found.append((begin, start, sentence, turns, match.lastindex == 1 and "?" in match.group()))
        begin = start if match.lastindex == 3 else end
        sentence += match.lastindex == 1
        turns = match.lastindex == 3 and match.group() in TURNING
    return [*found, (begin, len(text), sentence, turns, False)] if begin < len(text) else found


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
@given(st.lists(st.lists(st.sampled_from(ENDS), max_size=12).map("".join), min_size=1, max_size=3))
def test_clauses_end_where_the_written_out_pattern_says(texts):
    begins = join(texts).begins.tolist()
    expected = [
        (begin + start, begin + end, (number, sentence), turns, asks)
        for number, (begin, text) in enumerate(zip(begins, texts, strict=True))
        for start, end, sentence, turns, asks in plain_clauses(text)
    ]
    found = list(zip(*(column.tolist() for column in split(*texts)), strict=True))
    assert [row[:2] + row[3:] for row in found] == [row[:2] + row[3:] for row in expected]
    # Sentences may be numbered in any way that tells them apart.
    pairs = {(one[2], other[2]) for one, other in zip(found, expected, strict=True)}
    assert len(pairs) == len({pair[0] for pair in pairs}) == len({pair[1] for pair in pairs})


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
