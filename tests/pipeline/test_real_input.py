"""Real customer voices through the whole path: complaints, forum posts, media comments.

Needs `VOC_CORPUS_DIR`. Nothing of these texts is kept: the test reads them from there, delivers them
to a home in a temporary folder and compares. The second delivery is derived from the first: the same
complaints, one in ten standing in two rows with another 问题类型, as the site exports them.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.support.home import LIGHT, Delivered, Home, Warm

pytestmark = [pytest.mark.corpus, pytest.mark.slow]

FILES = {
    "complaint_site": "car_complaints_2024-01-29_2024-04-07.csv",
    "forum": "dcd_forum_posts_unlabelled.csv",
    "media_comments": "bdci2018_auto_aspect_train.csv",
}
TEXT = {"complaint_site": "投诉简述", "forum": "text", "media_comments": "content"}
NUMBER = {"complaint_site": "投诉编号", "media_comments": "content_id"}
TOKEN = re.compile(r"\[(?:手机|座机|身份证|银行卡|邮箱|车牌|车架号|微信|QQ|姓名|地址)\]")
RECEIVED = datetime(2024, 4, 8, 1, 0, tzinfo=UTC)
DERIVED_RECEIVED = datetime(2024, 4, 8, 9, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Corpus:
    """Source rows by channel, and a home refreshed with them."""

    rows: dict[str, list[dict[str, str]]]
    home: Home

    def quarantined(self, channel: str) -> int:
        return next(row["quarantined"] for row in self.home.status()["channels"] if row["channel"] == channel)


@pytest.fixture(scope="module")
def corpus(nine_days: Home, warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    folder = Path(os.environ["VOC_CORPUS_DIR"])
    rows = {name: read(folder / file) for name, file in FILES.items()}
    home = Home.create(tmp_path_factory.mktemp("corpus") / "home", warm, parsed=nine_days.path, **LIGHT)
    home.land(Delivered(name, folder / file, RECEIVED) for name, file in FILES.items())
    home.voc("refresh").ok()
    return Corpus(rows, home)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def ask(home: Home, statement: str) -> list[tuple[Any, ...]]:
    """Rows of the version the `voice` audience reads, without a bound."""
    database = home.path / "published" / "voice" / "current" / "voc_voice.duckdb"
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.execute(statement).fetchall()


def unmasked(verbatim: str, texts: Iterable[str]) -> bool:
    """Tell whether the verbatim is one of the texts, or becomes one where its tokens stand for words."""
    known = set(texts)
    if verbatim in known:
        return True
    parts = TOKEN.split(verbatim)
    pattern = re.compile(".{1,120}?".join(map(re.escape, parts)), re.DOTALL)
    return len(parts) > 1 and any(pattern.fullmatch(text) for text in known)


def test_every_record_is_accounted_for(
    corpus: Corpus, record_property: Callable[[str, object], None]
) -> None:
    assert corpus.home.status()["all_equations_closed"]
    for row in corpus.home.status()["channels"]:
        if row["channel"] not in FILES:
            continue
        assert row["records_in"] == len(corpus.rows[row["channel"]])
        record_property(
            "figure",
            f"{row['channel']:<15} {row['records_in']} records, {row['admitted']} admitted, "
            f"{row['duplicate']} duplicate, {row['superseded']} superseded, {row['quarantined']} quarantined",
        )
        assert row["quarantined"] <= 0.01 * row["records_in"]


@pytest.mark.parametrize("channel", NUMBER)
def test_one_voice_per_source_number(corpus: Corpus, channel: str) -> None:
    numbers = {row[NUMBER[channel]].strip() for row in corpus.rows[channel]}
    found = ask(corpus.home, f"select source_voice_no from core.fct_feedback where channel = '{channel}'")
    assert len(found) == len({one for (one,) in found})
    assert {one for (one,) in found} <= numbers
    assert len(numbers) - len(found) <= corpus.quarantined(channel)


@pytest.mark.parametrize("channel", NUMBER)
def test_texts_are_unchanged_but_for_tokens(
    corpus: Corpus, channel: str, record_property: Callable[[str, object], None]
) -> None:
    sources: dict[str, set[str]] = defaultdict(set)
    for row in corpus.rows[channel]:
        sources[row[NUMBER[channel]].strip()].add(row[TEXT[channel]])
    found = ask(
        corpus.home,
        f"select source_voice_no, verbatim from core.fct_feedback where channel = '{channel}'",
    )
    changed = []
    for number, verbatim in found:
        texts = sources[number]
        joined = {"\n".join(order) for order in (sorted(texts), sorted(texts, reverse=True))}
        if not unmasked(verbatim, texts | joined):
            changed.append(number)
    assert changed == []
    masked = sum(bool(TOKEN.search(verbatim)) for _, verbatim in found)
    record_property("figure", f"{channel:<15} {len(found)} texts compared, {masked} hold a token, 0 changed")


def test_forum_posts_are_unchanged_but_for_tokens(corpus: Corpus) -> None:
    texts = Counter(row["text"] for row in corpus.rows["forum"])
    found = ask(corpus.home, "select verbatim, record_count from core.fct_feedback where channel = 'forum'")
    assert [verbatim for verbatim, _ in found if not unmasked(verbatim, texts)] == []
    assert len(texts) - len(found) <= corpus.quarantined("forum")


def test_repeated_texts_are_grouped_and_never_merged(
    corpus: Corpus, record_property: Callable[[str, object], None]
) -> None:
    found = ask(
        corpus.home,
        "select channel, verbatim, repeat_group_id from core.fct_feedback where verbatim is not null",
    )
    groups = defaultdict(set)
    for _, verbatim, group in found:
        groups[verbatim].add(group)
    assert all(len(ids) == 1 for ids in groups.values())
    voices = Counter(group for _, _, group in found)
    repeated = [count for count in voices.values() if count > 1]
    assert repeated
    record_property(
        "figure", f"{len(found)} voices, {len(repeated)} groups of repeated texts with {sum(repeated)} voices"
    )


def test_every_text_has_a_score(corpus: Corpus, record_property: Callable[[str, object], None]) -> None:
    without, texts, mentions = ask(
        corpus.home,
        "select count(*) filter (where sentiment_polarity is null or scorer_version is null), count(*), "
        "(select count(*) from core.fct_feedback_mention) from core.fct_feedback where verbatim is not null",
    )[0]
    assert without == 0
    assert mentions > texts / 2
    record_property("figure", f"{texts} texts scored, {mentions} mentions")


def test_export_with_a_complaint_over_several_rows(corpus: Corpus, tmp_path: Path) -> None:
    """Last in this module: it delivers to the shared home."""
    rows = corpus.rows["complaint_site"]
    numbers = list(dict.fromkeys(row["投诉编号"] for row in rows))
    chosen = set(numbers[::10])
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    doubled = set()
    for row in rows:
        writer.writerow(row)
        if row["投诉编号"] in chosen - doubled:
            doubled.add(row["投诉编号"])
            writer.writerow(row | {"问题类型": "另一个问题"})
    derived = tmp_path / "derived.csv"
    derived.write_text(out.getvalue(), encoding="utf-8")
    before = ask(
        corpus.home,
        "select count(*), sum(record_count) from core.fct_feedback where channel = 'complaint_site'",
    )[0]
    corpus.home.land([Delivered("complaint_site", derived, DERIVED_RECEIVED)])
    corpus.home.voc("refresh").ok()
    after = ask(
        corpus.home,
        "select count(*), sum(record_count) from core.fct_feedback where channel = 'complaint_site'",
    )[0]
    assert after[0] == before[0]
    assert after[1] == before[1] + len(doubled)
    texts = ask(
        corpus.home,
        "select count(*) from core.fct_feedback where channel = 'complaint_site' and text_count > 1",
    )
    assert texts[0][0] <= sum(len(set(ts)) > 1 for ts in _texts(rows).values())
    assert corpus.home.status()["all_equations_closed"]


def _texts(rows: list[dict[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        found[row["投诉编号"]].append(row["投诉简述"])
    return found
