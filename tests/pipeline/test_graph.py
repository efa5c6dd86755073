"""The asset graph as Dagster sees it: what is in it, that it hangs together, and how it runs.

`graph_snapshot.json` is the graph in words; a change of the graph changes it in the same commit:
`python -m tests.pipeline.graph_snapshot`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from orchestration.settings import PROJECT_ROOT
from tests.pipeline.graph_snapshot import SNAPSHOT, describe, load_graph
from tests.support.home import Delivered, Home, Warm, made_once

RENEW = "python -m tests.pipeline.graph_snapshot"
VOICES = "select count(*) as n from core.fct_feedback where channel = '{}'"


@pytest.fixture(scope="session")
def empty_home(shared_root: Path, warm: Warm, parsed_home: Path) -> Home:
    """A home where nothing ever ran but the parse of the dbt project."""

    def make(folder: Path) -> None:
        Home.create(folder, warm, parsed=parsed_home)

    return Home(made_once(shared_root / "empty", make), warm)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Callable[[Home], None]:
    def use(home: Home) -> None:
        for name, value in home.environment.items():
            if name.startswith("VOC_"):
                monkeypatch.setenv(name, value)
        monkeypatch.delenv("DAGSTER_HOME", raising=False)

    return use


@pytest.fixture
def graph(empty_home: Home, environment: Callable[[Home], None]) -> dict[str, Any]:
    environment(empty_home)
    return describe(load_graph())


# -- what is in it --------------------------------------------------------------------------


def test_graph_is_the_committed_one(graph: dict[str, Any]) -> None:
    committed = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    for part in sorted(graph.keys() | committed.keys()):
        left, right = graph.get(part, {}), committed.get(part, {})
        changed = sorted(name for name in left.keys() | right.keys() if left.get(name) != right.get(name))
        assert changed == [], f"{part} differ from the snapshot; if it is meant: {RENEW}"


def test_no_upstream_dangles(graph: dict[str, Any]) -> None:
    """Every asset that another one names is made here; a source from outside would be declared so."""
    made = {name for name, asset in graph["assets"].items() if asset["is_made_here"]}
    named = {upstream for asset in graph["assets"].values() for upstream in asset["upstream"]}
    assert named - made == set()
    assert set(graph["assets"]) - made == set()


def test_everything_downstream_hangs_on_a_channel(graph: dict[str, Any]) -> None:
    """From every published version a path leads up to every channel."""
    assets = graph["assets"]

    def above(name: str, seen: set[str]) -> set[str]:
        for upstream in assets[name]["upstream"]:
            if upstream not in seen:
                seen.add(upstream)
                above(upstream, seen)
        return seen

    channels = {name for name in assets if name.startswith("raw/")}
    assert len(channels) >= 7
    for name in ("published/bi", "published/voice", "published/finance"):
        assert channels <= above(name, set())


def test_every_asset_says_whose_and_what_it_is(graph: dict[str, Any]) -> None:
    for name, asset in graph["assets"].items():
        assert asset["owners"], name
        assert asset["kinds"], name
        assert asset["description"], name
        assert asset["group"] != "default", name


def test_core_and_publish_gates_block(graph: dict[str, Any]) -> None:
    checks = graph["checks"]
    assert any(name.startswith("core/") and check["is_blocking"] for name, check in checks.items())
    assert checks["assure/distribution_gate:scores_are_healthy"]["is_blocking"]
    warnings = [name for name in checks if name.startswith("raw/")]
    assert warnings
    assert not any(checks[name]["is_blocking"] for name in warnings)


@pytest.mark.slow
def test_dagster_validates_the_workspace(empty_home: Home) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dagster", "definitions", "validate", "-w", "workspace.yaml"],
        cwd=PROJECT_ROOT,
        env=empty_home.environment | {"DAGSTER_HOME": ""},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


# -- how it runs ----------------------------------------------------------------------------


@contextmanager
def instance_of(home: Home) -> Iterator[Any]:
    from orchestration.event_log import instance_in
    from orchestration.refresh import dagster_home

    with instance_in(dagster_home(home.settings)) as instance:
        yield instance


def run_job(home: Home, **arguments: Any) -> Any:
    with instance_of(home) as instance:
        job = load_graph().resolve_job_def("daily_refresh")
        return job.execute_in_process(instance=instance, raise_on_error=False, **arguments)


@pytest.mark.slow
def test_one_channel_alone(
    home: Home, last_day: list[Delivered], environment: Callable[[Home], None]
) -> None:
    """One channel's asset re-run from the UI admits that channel and touches nothing else."""
    import dagster as dg

    environment(home)
    home.land(last_day)
    before = home.published_bytes()
    result = run_job(home, partition_key="2026-03-31", asset_selection=[dg.AssetKey(["raw", "forum"])])
    assert result.success
    waiting = {row["channel"]: row["waiting"] for row in home.status()["channels"]}
    assert waiting["forum"] == 0
    assert waiting["call_center"] > 0
    assert home.published_bytes() == before
    with instance_of(home) as instance:
        evaluated = instance.get_latest_materialization_event(dg.AssetKey(["raw", "forum"]))
        assert evaluated.asset_materialization.partition == "2026-03-31"
        assert evaluated.asset_materialization.metadata["dagster/row_count"].value > 0


@pytest.mark.slow
def test_red_day_then_range_as_one_run(
    nine_days: Home,
    ten_days: Home,
    last_day: list[Delivered],
    home: Home,
    environment: Callable[[Home], None],
) -> None:
    """A day fails, is re-run alone when its cause is gone; a backfill over a range is one run."""
    environment(home)
    home.land(last_day)
    raw = next(home.path.glob("raw/forum/2026-03-27/*.parquet"))
    kept = raw.read_bytes()
    raw.write_bytes(b"PAR1")
    failed = run_job(
        home,
        partition_key="2026-03-31",
        run_config={"resources": {"refresh_run": {"config": {"full_rebuild": True}}}},
    )
    assert not failed.success
    assert home.published_versions() == nine_days.published_versions()
    raw.write_bytes(kept)
    again = run_job(
        home,
        tags={
            "dagster/asset_partition_range_start": "2026-03-29",
            "dagster/asset_partition_range_end": "2026-03-31",
        },
    )
    assert again.success, [event.message for event in again.all_events if event.is_step_failure]
    assert home.hashes() == ten_days.hashes()
    assert home.published_versions() == ten_days.published_versions()
