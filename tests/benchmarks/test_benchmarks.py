"""The benchmark's own parts: what it feeds, what it compares with, how it judges."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pytest

from benchmarks import baseline, goals, naive_shell
from benchmarks.deliveries import make_owners, read_listed, write_day, write_master
from benchmarks.stock import Words

DAY = date(2025, 6, 2)
VOICES = 300


@pytest.fixture(scope="module")
def owners():
    return make_owners(200)


@pytest.fixture(scope="module")
def day_folder(tmp_path_factory, owners):
    folder = tmp_path_factory.mktemp("day")
    write_master(folder, owners, DAY)
    write_day(folder, DAY, VOICES, owners)
    return folder


def _bytes(folder: Path) -> dict[str, bytes]:
    return {Path(one.path).name: Path(one.path).read_bytes() for one in read_listed(folder)}


def test_a_day_is_the_same_bytes_for_the_same_seed_and_others_for_another(tmp_path, owners):
    days = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        (tmp_path / name).mkdir()
        write_day(tmp_path / name, DAY, 100, owners, seed)
        days.append(_bytes(tmp_path / name))
    assert days[0] == days[1]
    assert all(days[0][name] != days[2][name] for name in days[0])


def test_texts_seldom_repeat():
    texts = Words(np.random.default_rng(1)).texts(2000, 3, 6, 0.5, ["13800000000"])
    assert len(set(texts)) > 1980


def test_baseline_counts_close_and_facts_follow(tmp_path, day_folder):
    counts = baseline.refresh(day_folder, tmp_path / "state")["channels"]
    for channel, found in counts.items():
        fates = sum(found.get(name, 0) for name in ("admitted", "duplicate", "superseded", "quarantined"))
        assert found["records_in"] == fates, channel
    planted = {channel for channel in counts if channel != "customers_vehicles"}
    assert all(counts[channel]["quarantined"] and counts[channel]["duplicate"] for channel in planted)
    with duckdb.connect(str(tmp_path / "state" / "published.duckdb"), read_only=True) as published:
        voices, people = published.execute(
            "select count(*), count(customer_key) from fct_feedback"
        ).fetchone()
        answers = published.execute("select sum(n) from agg_nps_daily").fetchone()[0]
        spoken = published.execute(
            "select count(*) from fct_feedback where verbatim like '%[手机]%'"
        ).fetchone()[0]
    assert voices == VOICES
    assert answers == round(VOICES * 0.16)
    assert people > 0
    assert spoken > 0


def test_baseline_run_again_admits_nothing(tmp_path, day_folder):
    first = baseline.refresh(day_folder, tmp_path / "state")["channels"]
    again = baseline.refresh(day_folder, tmp_path / "state")["channels"]
    for channel, found in again.items():
        assert found.get("admitted", 0) == 0, channel
        assert found["duplicate"] == first[channel]["admitted"] + first[channel].get("duplicate", 0)


def test_baseline_reads_texts_as_the_project_does():
    """Ratios mean something only if both sides do the same work: same aspects, same judgement, mostly."""
    from ml.scoring import Scorer

    texts = Words(np.random.default_rng(3)).texts(300, 3, 7, 0.5, ["13800000000"])
    theirs: dict[int, dict[str, int]] = defaultdict(dict)
    for number, code, polarity, *_ in baseline.Scorer().score(texts):
        theirs[number][code] = polarity
    both = either = agreed = 0
    for number, score in enumerate(Scorer().score(texts)):
        ours = {mention.aspect_code: mention.polarity for mention in score.mentions}
        shared = ours.keys() & theirs[number].keys()
        both, either = both + len(shared), either + len(ours.keys() | theirs[number].keys())
        agreed += sum(ours[code] == theirs[number][code] for code in shared)
    assert both / either > 0.8
    assert agreed / both > 0.8


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("我的电话是13812345678。", "我的电话是[手机]。"),
        ("发到 a.b@example.com 就行", "发到 [邮箱] 就行"),
        ("手机 138 1234 5678 微信同号", "手机 [手机] 微信同号"),
        ("跑了12345678公里", "跑了12345678公里"),
    ],
)
def test_baseline_masks(text, masked):
    assert baseline.mask(text) == masked


def test_shell_has_the_graph_of_the_project(tmp_path):
    nodes = {
        "model.a": {"resource_type": "model", "name": "a", "refs": []},
        "model.b": {"resource_type": "model", "name": "b", "refs": [{"name": "a"}]},
        "seed.s": {"resource_type": "seed", "name": "s"},
        "test.1": {"resource_type": "test", "name": "t1", "refs": [{"name": "a"}]},
        "test.2": {"resource_type": "test", "name": "t2", "refs": [{"name": "b"}]},
        "test.3": {"resource_type": "test", "name": "t3", "refs": [{"name": "b"}]},
    }
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps({"nodes": nodes}))
    graph = naive_shell.real_graph(manifest=manifest)
    assert (graph.models, graph.tests, graph.leaves) == ({"a": (), "b": ("a",), "s": ()}, 3, ("b", "s"))
    location = naive_shell.generate(tmp_path, graph)
    compile(location.read_text(), "shell", "exec")
    assert "ref('a')" in (tmp_path / "shell_dbt" / "models" / "b.sql").read_text()
    models = json.loads((tmp_path / "shell_dbt" / "models" / "schema.yml").read_text())["models"]
    assert sum(len(model["columns"][0]["data_tests"]) for model in models) == 3


def test_slope_and_verdicts():
    assert goals.slope([(30, 2.0), (120, 8.0), (480, 32.0)]) == pytest.approx(1.0)
    assert goals.slope([(30, 5.0), (120, 5.0), (480, 5.0)]) == pytest.approx(0.0)
    assert not goals.at_most("ratio", 3.2, 3.0).passed
    assert goals.at_least("rate", 12_000, 10_000).passed
    wrong = goals.same("counts", {"admitted": 5, "duplicate": 1}, {"admitted": 4, "duplicate": 1})
    assert not wrong.passed
    assert "admitted: 5 against 4" in wrong.measured
