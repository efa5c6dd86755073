"""The urgency ladder on hand-written cases (written before the rules were first run)."""

import csv
from pathlib import Path

from ml.lexicon import URGENCY_LEVELS
from ml.scoring import Scorer

SUITE = Path(__file__).with_name("urgency_suite.csv")


def cases():
    with SUITE.open(encoding="utf-8") as handle:
        return [(row["expected"], row["text"]) for row in csv.DictReader(handle)]


def test_the_suite_is_broad():
    levels = [level for level, _ in cases()]
    assert len(levels) >= 60
    assert set(levels) == set(URGENCY_LEVELS)


def test_safety_recall_and_precision():
    rows = cases()
    said = [score.urgency for score in Scorer().score([text for _, text in rows])]
    hits = sum(e == s == "safety" for (e, _), s in zip(rows, said, strict=True))
    recall = hits / sum(e == "safety" for e, _ in rows)
    precision = hits / sum(s == "safety" for s in said)
    missed = [t for (e, t), s in zip(rows, said, strict=True) if e == "safety" != s]
    assert recall >= 0.97, missed
    assert precision >= 0.97


def test_the_whole_ladder():
    rows = cases()
    said = [score.urgency for score in Scorer().score([text for _, text in rows])]
    wrong = [(e, s, t) for (e, t), s in zip(rows, said, strict=True) if e != s]
    assert len(wrong) <= 2, wrong


def test_safety_is_not_the_aspect_but_what_happened_to_it():
    scorer = Scorer()
    # Seat of the danger is an aspect that is not safety-critical.
    display, door, shift = scorer.score(["高速上仪表黑屏", "车门打不开，人被困在车里", "变速箱换挡顿挫"])
    assert (display.urgency, door.urgency) == ("safety", "safety")
    assert shift.urgency == "function"
    assert {m.aspect_code: m.urgency for m in display.mentions}["ICT-SCR"] == "safety"


def test_a_denied_asked_or_imagined_danger_is_none():
    texts = ["刹车从来没有失灵过", "会不会自燃？", "如果刹车失灵怎么办呢", "听说有车断轴了", "没有自燃"]
    assert [s.urgency for s in Scorer().score(texts)] == ["none"] * len(texts)
