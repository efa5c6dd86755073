"""Noise: hand-written cases the rules were not made from, and the laws of the label."""

from __future__ import annotations

import csv
import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.lexicon import ResourceError
from ml.text import noise
from ml.text.noise import NOISE_REASONS, label_noise

CORPUS = os.environ.get("VOC_CORPUS_DIR")


def cases() -> list[dict[str, str]]:
    with (Path(__file__).with_name("noise_cases.csv")).open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def test_precision_and_recall_on_cases_written_apart_from_the_rules():
    rows = cases()
    assert len(rows) >= 200
    assert Counter(row["reason"] != "" for row in rows)[False] >= 100
    labels = label_noise([row["text"] for row in rows])
    flagged = [(label.reason, row["reason"]) for label, row in zip(labels, rows, strict=True) if label.reason]
    true = sum(want != "" for _, want in flagged)
    assert true / len(flagged) >= 0.97
    assert true / sum(row["reason"] != "" for row in rows) >= 0.75
    # The reason named is the right one.
    assert sum(got == want for got, want in flagged) / true >= 0.95


@pytest.mark.parametrize("reason", ["advert", "agent_boilerplate", "bot"])
def test_the_kinds_that_would_count_as_voices_are_mostly_found(reason):
    rows = [row for row in cases() if row["reason"] == reason]
    found = sum(label.reason == reason for label in label_noise([row["text"] for row in rows]))
    assert found / len(rows) >= 0.7


@pytest.mark.parametrize(
    "text",
    [
        "客服每次都说很高兴为您服务、会尽快给您回复，可是一个月了没有人管，我要投诉",
        "销售加了微信说优惠两万，交了定金就不认账，要求退款",
        "没有",
        "气死我了！！！垃圾垃圾垃圾",
    ],
)
def test_anger_quotes_and_bargains_are_no_advert_and_no_boilerplate(text):
    assert label_noise([text])[0].reason in (None, "empty")


def test_customer_characters_leave_out_names_and_agents_sentences():
    texts = [
        "空调坏了，电话[手机]",
        "您好，很高兴为您服务。空调坏了三次了！请您保持电话畅通。",
        "！！！[微信]",
        "ABS灯亮 2次",
    ]
    assert [label.customer_chars for label in label_noise(texts)] == [6, 9, 0, 7]


def test_spaces_marks_script_and_width_hide_nothing():
    spellings = [
        "高价回收二手车，加微信[微信]",
        "高 价·回 收 二手車 加微信[微信]",
        "高价回收二手车！！加微信[微信]😀",
    ]
    assert {label.reason for label in label_noise(spellings)} == {"advert"}


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.one_of(st.text(max_size=20), st.sampled_from([row["text"] for row in cases()])), max_size=8)
)
def test_each_text_is_judged_alone(texts):
    together = label_noise(texts)
    assert together == [label_noise([text])[0] for text in texts]
    for label in together:
        assert (label.reason is None) == (label.confidence is None)
        assert label.reason is None or label.reason in NOISE_REASONS
        assert label.customer_chars >= 0


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"reason": "spam", "kind": "term", "weight": "2"}, "line 7: unknown reason 'spam'"),
        ({"reason": "bot", "kind": "word", "weight": "2"}, "line 7: unknown kind 'word'"),
        ({"reason": "bot", "kind": "term", "weight": "two"}, "line 7: weight 'two' is no number"),
    ],
)
def test_a_wrong_rule_is_named_with_its_line(row, message):
    with pytest.raises(ResourceError, match=message):
        noise._checked({**row, "_line": "7", "terms": "x"})


@pytest.mark.corpus
@pytest.mark.skipif(not CORPUS, reason="VOC_CORPUS_DIR is not set")
@pytest.mark.parametrize(
    ("pattern", "column", "at_most"),
    [
        ("car_complaints*.csv", "投诉简述", 0.001),
        ("dcd_forum*.csv", None, 0.003),
        ("bdci2018*unl*.csv", None, 0.002),
    ],
)
def test_real_voices_about_cars_are_hardly_ever_called_noise(pattern, column, at_most):
    path = next(Path(str(CORPUS)).glob(pattern))
    with path.open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    texts = [row[column] if column else max(row.values(), key=len) for row in rows]
    assert sum(label.reason is not None for label in label_noise(texts)) <= at_most * len(texts)
