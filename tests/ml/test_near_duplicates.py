"""Near-duplicate groups: planted reposts found, decoys left alone, the same groups in any order of days."""

from __future__ import annotations

import csv
import hashlib
import importlib.util
import os
import random
import re
from collections import Counter, defaultdict
from contextlib import suppress
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from ml import near_duplicate_index
from ml.near_duplicate_index import GROUP_SCHEMA, DuplicateIndexError, NearDuplicateIndex
from ml.text.near_duplicates import COMPARING, overlap, shingle, skeletons_of

_spec = importlib.util.spec_from_file_location("reposts", Path(__file__).with_name("reposts.py"))
assert _spec
assert _spec.loader
reposts = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(reposts)

CORPUS = os.environ.get("VOC_CORPUS_DIR")
LONG = "提车三天中控屏突然黑掉，倒车影像也没有了，店里说没有检测到故障码，让我再观察观察，希望厂家给个说法"


def key(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def by_hash(texts) -> dict[str, str]:
    return {key(text): text for text in texts}


def groups_of(folder: Path) -> dict[str, str]:
    table = pq.read_table(folder / near_duplicate_index.GROUP_FILE)
    assert table.schema.equals(GROUP_SCHEMA)
    return dict(zip(*(table.column(name).to_pylist() for name in table.column_names[:2]), strict=True))


def admit(folder: Path, *days) -> bytes:
    for day in days:
        with NearDuplicateIndex(folder) as index:
            index.add(by_hash(day))
            path = index.export()
    return path.read_bytes()


def pairs(counts) -> int:
    return sum(count * (count - 1) // 2 for count in counts)


def similarity(one: str, other: str) -> float:
    sets = shingle(skeletons_of([one, other]), COMPARING)
    return overlap(sets.one(0), sets.one(1)).similarity


@pytest.mark.parametrize("seed", [11, 12])
def test_planted_reposts_are_found_and_decoys_left_alone(seed, tmp_path):
    owner, rates = reposts.planted(seed, 2500, 500)
    assert len(rates) > 1200
    assert sum(rate > 0.1 for rate in rates.values()) > 300
    admit(tmp_path, owner)
    source_of = {key(text): number for text, number in owner.items()}
    members = defaultdict(list)
    for text, group in groups_of(tmp_path).items():
        members[group].append(source_of[text])
    found = pairs(map(len, members.values()))
    right = sum(pairs(Counter(one).values()) for one in members.values())
    planted = pairs(Counter(owner.values()).values())
    assert right / found >= 0.98, (right, found)
    assert right / planted >= 0.95, (right, planted)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_groups_are_a_function_of_the_set_of_texts(seed, tmp_path):
    random_ = random.Random(seed)
    texts = sorted(reposts.planted(seed, 250, 120)[0])
    # Same skeleton, other digits: one node with several texts.
    texts += [f"{LONG}，里程{number}公里" for number in range(12)]
    bulk = admit(tmp_path / "bulk", texts)
    for name in ("days", "other_days"):
        random_.shuffle(texts)
        cuts = sorted(random_.sample(range(len(texts)), 11))
        days = [texts[a:b] for a, b in zip([0, *cuts], [*cuts, len(texts)], strict=True)]
        # Some texts come again on a later day.
        days.append(random_.sample(texts, 40))
        assert admit(tmp_path / name, *days) == bulk


def test_a_group_is_named_by_its_smallest_hash_and_weighed_against_it(tmp_path):
    texts = [
        LONG,
        LONG.replace("突然", "忽然"),
        LONG.replace("希望厂家", "盼望厂商"),
        "完全是另外一回事，座椅加热只有一边热",
    ]
    admit(tmp_path, texts)
    rows = pq.read_table(tmp_path / near_duplicate_index.GROUP_FILE).to_pylist()
    anchor = min(texts[:3], key=key)
    assert [row["score_input_hash"] for row in rows] == sorted(map(key, texts[:3]))
    assert {row["text_group_id"] for row in rows} == {key(anchor)}
    assert {row["group_text_count"] for row in rows} == {3}
    for row in rows:
        text = next(one for one in texts if key(one) == row["score_input_hash"])
        assert row["similarity_to_group"] == pytest.approx(similarity(text, anchor), abs=1e-6)


def test_what_is_no_word_does_not_part_texts(tmp_path):
    spellings = [
        LONG,
        LONG.replace("，", " ") + "！！！😡",
        LONG + "[手机]",
        LONG.replace("提车三天", "提車三天").replace("说", "說"),
        LONG.replace("倒车", "倒車(chē)"),
        "13" + LONG + "20",
    ]
    admit(tmp_path, spellings)
    assert len(set(groups_of(tmp_path).values())) == 1
    assert len(groups_of(tmp_path)) == len(spellings)
    assert {similarity(LONG, one) for one in spellings} == {1.0}


def test_short_texts_never_group(tmp_path):
    admit(tmp_path, ["空调不冷！", "空调不冷。", "非常满意", "非常满意呀", "好车12345678", "好车87654321"])
    assert groups_of(tmp_path) == {}


def test_the_same_fault_in_other_words_is_another_voice(tmp_path):
    admit(
        tmp_path,
        [
            "刹车踩下去先是软的，要踩到底才有力气，去店里看了两回，师傅说没有检测到故障码",
            "制动踏板前半段没有力，踩到最底下才刹得住，4S检查后告诉我数据都正常，我不敢开了",
            "刹车踩下去先是软的，高速出口差点追尾，家里人都吓坏了，要求更换总成并延长质保",
        ],
    )
    assert groups_of(tmp_path) == {}


def test_adding_again_changes_nothing(tmp_path):
    texts = by_hash(reposts.planted(5, 60, 40)[0])
    with NearDuplicateIndex(tmp_path) as index:
        assert index.add(texts, ["a"]) > 0
        before = index.export().read_bytes()
        assert index.add(texts, ["b"]) == 0
        assert index.export().read_bytes() == before
        assert index.indexed_files() == {"a", "b"}


class KilledError(Exception):
    pass


@pytest.mark.parametrize("point", ["mid_group", "after_group_commit", "after_group_export"])
def test_a_killed_run_ends_like_a_clean_one(point, tmp_path):
    days = [sorted(reposts.planted(seed, 40, 25)[0]) for seed in (1, 2, 1)]
    clean = admit(tmp_path / "clean", *days)

    stopped = 0

    def die(name: str) -> None:
        if name == point:
            raise KilledError

    for day in days:
        # The last day brings nothing new and has nothing to write.
        with suppress(KilledError), NearDuplicateIndex(tmp_path / "killed", die) as index:
            index.add(by_hash(day))
            index.export()
            stopped -= 1
        stopped += 1
        with NearDuplicateIndex(tmp_path / "killed") as index:
            index.add(by_hash(day))
            path = index.export()
    assert stopped >= 2
    assert path.read_bytes() == clean
    listed = {segment.folder.name for segment in NearDuplicateIndex(tmp_path / "killed")._segments}
    assert {folder.name for folder in (tmp_path / "killed").glob("segment-*")} == listed


def test_many_small_days_stay_few_segments(tmp_path):
    texts = sorted(reposts.planted(9, 300, 0)[0])
    admit(tmp_path, *(texts[start : start + 5] for start in range(0, len(texts), 5)))
    folders = list(tmp_path.glob("segment-*"))
    assert 1 <= len(folders) <= 16
    assert admit(tmp_path / "bulk", texts) == (tmp_path / near_duplicate_index.GROUP_FILE).read_bytes()


def test_an_index_of_another_version_is_filled_anew(tmp_path, monkeypatch):
    texts = by_hash(reposts.planted(4, 50, 30)[0])
    with NearDuplicateIndex(tmp_path) as index:
        index.add(texts, ["file"])
        clean = index.export().read_bytes()
    monkeypatch.setattr(near_duplicate_index, "INDEX_VERSION", "dup-other")
    with NearDuplicateIndex(tmp_path) as index:
        assert index.indexed_files() == set()
        assert list(tmp_path.glob("segment-*")) == []
        index.add(texts, ["file"])
        assert index.export().read_bytes() == clean


def test_damage_is_named_with_what_to_do(tmp_path):
    admit(tmp_path, [LONG, LONG + "啊"])
    next(tmp_path.glob("segment-*/values.npy")).write_bytes(b"")
    with pytest.raises(DuplicateIndexError, match="delete the folder"):
        NearDuplicateIndex(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    (other / "index.sqlite").write_bytes(b"not a database at all, only some bytes" * 40)
    with pytest.raises(DuplicateIndexError, match="no usable index"):
        NearDuplicateIndex(other)


@pytest.mark.corpus
@pytest.mark.skipif(not CORPUS, reason="VOC_CORPUS_DIR is not set")
def test_every_template_of_real_complaints_is_found(tmp_path):
    """Oracle: brute force over all pairs, exact Jaccard of 5-grams from 0.8 on, connected parts of 5 or more."""
    path = next(Path(str(CORPUS)).glob("car_complaints*.csv"))
    with path.open(encoding="utf-8", newline="") as handle:
        texts = sorted({row["投诉简述"] for row in csv.DictReader(handle)})
    templates = [one for one in _alike(texts) if len(one) >= 5]
    assert len(templates) >= 2
    admit(tmp_path, texts)
    found = groups_of(tmp_path)
    for template in templates:
        assert len({found.get(key(texts[number])) for number in template}) == 1
        assert None not in {found.get(key(texts[number])) for number in template}


def _alike(texts: list[str]) -> list[set[int]]:
    """Return connected parts of texts with exact 5-gram Jaccard >= 0.8, by an inverted index over all pairs."""
    words = [re.sub(r"[\d\W_]+", "", text) for text in texts]
    grams = [{one[at : at + 5] for at in range(len(one) - 4)} for one in words]
    postings = defaultdict(list)
    for number, own in enumerate(grams):
        for gram in own:
            postings[gram].append(number)
    parts = [{number} for number in range(len(texts))]
    for number, own in enumerate(grams):
        common = Counter(other for gram in own for other in postings[gram] if other < number)
        for other, count in common.items():
            if count / (len(own) + len(grams[other]) - count) >= 0.8 and parts[other] is not parts[number]:
                parts[number] |= parts[other]
                for member in parts[number]:
                    parts[member] = parts[number]
    return list({id(part): part for part in parts if len(part) > 1}.values())
