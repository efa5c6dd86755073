"""Readers beside a publisher, and a publisher killed at each named point."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from orchestration.publishing.query import run_query
from orchestration.publishing.versions import AudienceStore, publications
from orchestration.settings import Settings
from orchestration.sources.files import sha256_of
from tests.publishing.sample_warehouse import AS_OF, SampleWarehouse

pytestmark = pytest.mark.slow

STEPS = Path(__file__).with_name("publish_steps.py")
PUBLISHES = 20
FAULTS = [
    "before_publish",
    "mid_publish",
    "mid_publish:2",
    "before_current_swap",
    "before_current_swap:2",
    "after_current_swap",
    "after_current_swap:2",
]


def start(*arguments: object, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(STEPS), *map(str, arguments)],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_readers_see_whole_versions_only(
    warehouse: SampleWarehouse, settings: Settings, tmp_path: Path
) -> None:
    warehouse.build(days=5)
    ids = [warehouse.publish()["bi"].version_id]
    stop = tmp_path / "stop"
    readers = [start("read", settings.home, stop, tmp_path / f"report{n}.json") for n in range(2)]
    try:
        for step in range(PUBLISHES):
            warehouse.add_day(AS_OF, rows=3, tag=str(step))
            version = warehouse.publish(window_key=f"w{step}", affected={"core.fct_feedback": {AS_OF}})["bi"]
            ids.append(version.version_id)
            found = run_query(settings, "bi", "select version_id from reports.rpt_published_version").rows
            assert found == ((version.version_id,),)
    finally:
        stop.touch()
        outputs = [reader.communicate(timeout=60)[0] for reader in readers]
    reports = [json.loads((tmp_path / f"report{n}.json").read_text()) for n in range(2)]
    assert [r.returncode for r in readers] == [0, 0], outputs
    for report in reports:
        assert report["errors"] == []
        assert report["torn"] == []
        assert report["reads"] > PUBLISHES
        assert len(report["seen"]) > PUBLISHES // 2
        assert report["seen"] == [version_id for version_id in ids if version_id in report["seen"]]
        assert report["seen"][-1] == ids[-1]


def test_a_new_connection_beside_an_open_one_sees_the_new_version(
    warehouse: SampleWarehouse, settings: Settings
) -> None:
    """In one process, through `current`: what a pool needs in order to recycle."""
    warehouse.build(days=1)
    warehouse.publish()
    path = str(settings.published / "bi/current/voc_bi.duckdb")
    total = "select total from reports.rpt_total"
    with duckdb.connect(path, read_only=True) as old:
        assert old.execute(total).fetchone() == (20,)
        warehouse.add_day(AS_OF, rows=1)
        warehouse.publish(window_key="w2")
        with duckdb.connect(path, read_only=True) as new:
            assert new.execute(total).fetchone() == (21,)
        assert old.execute(total).fetchone() == (20,)


def contents(settings: Settings) -> dict[str, str]:
    """Published files by content. The DuckDB file has random bytes of its own: its rows stand for it."""
    found = {}
    for path in sorted(settings.published.rglob("*")):
        name = str(path.relative_to(settings.published))
        if path.is_symlink():
            found[name] = str(path.readlink())
        elif path.suffix == ".duckdb":
            audience = path.stem.removeprefix("voc_")
            tables = AudienceStore(settings, audience).manifest(path.parent.name)["tables"]
            if audience == "finance":
                found[name] = "finance"
                continue
            rows = run_query(
                settings, audience, "select count(*), sum(hash(f)) from core.fct_feedback as f"
            ).rows
            found[name] = f"{rows} {sorted(tables)}"
        elif path.name == "manifest.json":
            manifest = json.loads(path.read_text())
            for key in ("sha256", "bytes"):
                del manifest["database"][key]
            found[name] = json.dumps(manifest, sort_keys=True)
        elif path.is_file():
            found[name] = sha256_of(path)
    return found


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A home with one publication and a changed warehouse, and what a clean second publish gives."""
    base = tmp_path_factory.mktemp("clean")
    settings = Settings.load({"VOC_HOME": str(base / "before")})
    warehouse = SampleWarehouse(settings)
    warehouse.build(days=4)
    warehouse.publish()
    warehouse.add_day(AS_OF, rows=7)
    shutil.copytree(settings.home, base / "after", symlinks=True)
    after = Settings.load({"VOC_HOME": str(base / "after")})
    SampleWarehouse(after).publish(window_key="w2")
    return base / "before", contents(after)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_killed_publish_ends_where_a_clean_one_does(
    clean: tuple[Path, dict[str, str]], tmp_path: Path, fault: str
) -> None:
    before, expected = clean
    home = tmp_path / "home"
    shutil.copytree(before, home, symlinks=True)
    settings = Settings.load({"VOC_HOME": str(home)})
    killed = start("publish", home, VOC_FAULT=fault)
    output, _ = killed.communicate(timeout=120)
    assert killed.returncode == -signal.SIGKILL, output
    # Whatever was left behind, a reader sees a whole version: the old one or the new.
    assert run_query(settings, "bi", "select total from reports.rpt_total").rows in (((80,),), ((87,),))
    rerun = start("publish", home)
    output, _ = rerun.communicate(timeout=120)
    assert rerun.returncode == 0, output
    assert contents(settings) == expected
    assert [e["sequence"] for e in publications(settings)] == [1, 2]


def test_killed_at_any_moment(clean: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    """Kills spread over the run, without a named point; leftovers go, the end is the same."""
    before, expected = clean
    home = tmp_path / "home"
    shutil.copytree(before, home, symlinks=True)
    settings = Settings.load({"VOC_HOME": str(home)})
    for delay in (0.3, 0.6, 0.9, 1.2):
        process = start("publish", home)
        time.sleep(delay)
        process.kill()
        process.communicate(timeout=60)
        assert run_query(settings, "bi", "select total from reports.rpt_total").rows in (((80,),), ((87,),))
    final = start("publish", home)
    output, _ = final.communicate(timeout=120)
    assert final.returncode == 0, output
    assert contents(settings) == expected
