"""The measure itself on known texts, and the made texts against real ones where a corpus is at hand."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from sample_oem import generate
from sample_oem.delivered import own_texts
from sample_oem.richness import Comparison, compare, measure, read_column, read_names, table

pytestmark = pytest.mark.slow

SEED = int(os.environ.get("VOC_RICHNESS_SEED", "7"))
# Channels with few voices a day: of a few hundred texts a decile of lengths is no firm number.
RARE = ("forum_threads", "review_site")
CORPUS = os.environ.get("VOC_CORPUS_DIR")
COMPLAINTS = ("car_complaints*.csv", "投诉简述", "投诉编号", "投诉品牌,投诉车系,投诉车型")
POSTS = ("dcd_forum_posts*.csv", "text", None, "")
COMMENTS = ("bdci2018_auto_aspect*.csv", "content", "content_id", "")
# Channels that have a counterpart among the real texts: file, text column, id column, name columns.
# Chats, mails, groups, interviews, orders, advisers' notes and news have none.
REFERENCES = {
    "complaint_site": COMPLAINTS,
    "forum": POSTS,
    "forum_threads": POSTS,
    "review_site": POSTS,
    "media_comments": COMMENTS,
    "social_media": COMMENTS,
    "owner_app": COMMENTS,
}


def test_measure_sees_through_digits_names_and_punctuation() -> None:
    texts = ["启岚A3开了3万公里，异响！", "启岚M6开了5万公里异响", "刹车偏软踩下去没反应", "座椅舒服空间也大"]
    found = measure(texts)
    assert found.skeleton_repeat_share == 0.5
    assert found.distinct_text_ratio == 1.0


def test_measure_finds_near_duplicates_only_above_the_threshold() -> None:
    long = "提车三个月发动机抖动去店里检查了四次都没有查出原因厂家说这是正常现象要求给一个明确的说法和时间"
    near, far = long + "谢谢", "空调不制冷出风口咔哒响店里说等配件已经等了两个月还没有到货，要求尽快更换"
    found = measure([long, near, far])
    assert found.near_duplicate_share == pytest.approx(2 / 3)


def test_comparison_is_two_sided_but_knows_that_few_repeats_are_no_firm_number() -> None:
    assert not Comparison("skeleton_repeat_share", 0.03, 0.1, 4000).within
    assert not Comparison("skeleton_repeat_share", 0.17, 0.1, 4000).within
    assert Comparison("near_duplicate_share", 0.0, 2 / 705, 705).within
    assert not Comparison("near_duplicate_share", 0.0, 20 / 705, 705).within
    assert not Comparison("bigram_entropy", 9.0, 12.0, 705).within


@dataclass(frozen=True)
class Sample:
    """Where the texts of each channel were written."""

    often: Path
    rare: Path

    def texts(self, channel: str) -> list[str]:
        """Own texts of the channel's customers."""
        base = self.rare if channel in RARE else self.often
        return list(own_texts(base / "d", base / "t", channel).values())


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    made = Sample(tmp_path_factory.mktemp("often"), tmp_path_factory.mktemp("rare"))
    often = [name for name in REFERENCES if name not in RARE]
    how = {"days": 90, "seed": SEED, "owners": 3000}
    generate(made.often / "d", made.often / "t", voices_per_day=280, channels=often, **how)
    generate(made.rare / "d", made.rare / "t", voices_per_day=1400, channels=RARE, **how)
    return made


@pytest.mark.corpus
@pytest.mark.skipif(not CORPUS, reason="VOC_CORPUS_DIR is not set")
@pytest.mark.parametrize("channel", REFERENCES)
def test_made_texts_are_as_rich_as_real_ones(sample: Sample, channel: str) -> None:
    pattern, column, key, name_columns = REFERENCES[channel]
    (reference,) = sorted(Path(str(CORPUS)).glob(pattern))[:1]
    real = read_column(reference, column, key)
    rows = compare(sample.texts(channel), real, read_names(reference, filter(None, name_columns.split(","))))
    missed = [r for r in rows if not r.within and not _is_apart(channel, r)]
    assert missed == [], f"{channel}\n{table(rows)}"


def _is_apart(channel: str, row: Comparison) -> bool:
    """Of posts, copies are planted and measured apart; among the real ones they cannot be told apart."""
    is_copies = (channel, row.quantity) == ("social_media", "near_duplicate_share")
    return is_copies and row.sample <= row.reference


def test_a_wrong_column_is_named(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("text\n座椅硬\n", encoding="utf-8")
    with pytest.raises(ValueError, match="no column 'body'; it has text"):
        read_column(file, "body")
