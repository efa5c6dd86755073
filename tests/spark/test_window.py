"""What Spark is given, and where its builds lie: everything but Spark itself (that is `make spark-check`)."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from orchestration.settings import ConfigError, Settings
from orchestration.spark import build, session
from orchestration.spark.builds import current_build
from orchestration.spark.commands import check_java, spark_group, spark_python
from orchestration.spark.compare import compare, unequal
from orchestration.spark.window import export_window, spark_type
from orchestration.warehouse.connection import WarehouseError
from tests.support import sample_history as history
from tests.support.raw_home import SCORER_VERSION, RawHome


@pytest.fixture
def home(tmp_path: Path) -> RawHome:
    """Masters and one day, nothing built."""
    made = RawHome(Settings.load({"VOC_HOME": str(tmp_path / "home")}))
    history.deliver_masters(made)
    history.deliver_day(made, 0)
    return made


def export(home: RawHome, folder: Path) -> dict[str, Any]:
    found = export_window(home.settings, home, history.FIRST_DAY, folder, scorer_version=SCORER_VERSION)
    assert found.delivery_count == len(home.deliveries())
    return json.loads(found.path.read_text(encoding="utf-8"))


def test_a_window_lists_every_relation_with_its_files_and_types(home: RawHome, tmp_path: Path) -> None:
    window = export(home, tmp_path / "window")
    files = [Path(path) for one in window["raw"].values() for path in one["files"]]
    assert sum("/raw/" in str(path) for path in files) == len(home.files("raw"))
    calls = window["raw"]["call_center__call"]
    assert calls["columns"]["event_date"] == "date"
    assert calls["columns"]["text_keys"] == "array<string>"
    for path in map(Path, calls["files"]):
        assert set(pq.read_schema(path).names) <= set(calls["columns"])
    # A channel that sent nothing has its columns all the same.
    assert window["raw"]["news__article"]["files"] == []
    assert window["raw"]["news__article"]["columns"]
    (run,) = pq.read_table(window["control"]["run_window"]).to_pylist()
    assert (run["as_of"], run["is_full_rebuild"]) == (history.FIRST_DAY, True)


def test_an_export_leaves_the_local_warehouse_alone(home: RawHome, tmp_path: Path) -> None:
    export(home, tmp_path / "window")
    assert not home.settings.warehouse_path.exists()


def test_a_raw_file_that_is_gone_is_named(home: RawHome, tmp_path: Path) -> None:
    gone = home.settings.home / home.files("raw")[0].path
    gone.unlink()
    with pytest.raises(WarehouseError, match="listed in the ledger but not on disk"):
        export(home, tmp_path / "window")


def test_views_span_files_that_lack_a_column_and_no_file_at_all(tmp_path: Path) -> None:
    old, new, newer = (tmp_path / f"{name}.parquet" for name in ("old", "new", "newer"))
    pq.write_table(pa.table({"a": [1]}), old)
    for path in (new, newer):
        pq.write_table(pa.table({"a": [2], "b": ["x"]}), path)
    columns = {"a": "bigint", "b": "string"}
    query = session.view_of(columns, [str(old), str(new), str(newer)])
    first, second, third = query.split(" union all ")
    assert first == "select cast(null as bigint) as a, cast(null as string) as b where false"
    assert second == f"select cast(a as bigint) as a, cast(null as string) as b from parquet.`{old}`"
    assert third.endswith(f"from parquet.`/{{{str(new)[1:]},{str(newer)[1:]}}}`")
    assert session.view_of(columns, []) == first


def test_a_type_nobody_met_is_refused() -> None:
    assert spark_type(pa.decimal128(18, 2)) == "decimal(18, 2)"
    assert spark_type(pa.timestamp("us")) == "timestamp_ntz"
    with pytest.raises(TypeError, match="no Spark type is known for"):
        spark_type(pa.duration("s"))


@pytest.fixture
def both(tmp_path: Path) -> Callable[[str, str], Any]:
    """A table of the same name on both sides, from two queries; what the comparison says of it."""

    def make(ours: str, theirs: str) -> Any:
        path, warehouse = tmp_path / "ours.duckdb", tmp_path / "spark"
        folder = warehouse / "core.db" / "fct_x"
        folder.mkdir(parents=True)
        with duckdb.connect(str(path)) as connection:
            connection.execute(f"create schema core; create table core.fct_x as {ours}")
            if theirs:
                connection.execute(f"copy ({theirs}) to '{folder}/part-0.parquet' (format parquet)")
        (row,) = compare(path, warehouse)
        assert unequal([row]) == ([] if row.is_equal else [row])
        return row

    return make


SAME = "select * from (values (1, 'a'), (1, 'a'), (2, null)) as v(n, t) order by 1"


def test_equal_rows_in_another_order_are_equal(both: Callable[[str, str], Any]) -> None:
    assert both(SAME, SAME + " desc").is_equal


@pytest.mark.parametrize(
    ("theirs", "only_duckdb", "only_spark"),
    [
        ("select * from (values (1, 'a'), (2, null)) as v(n, t)", 1, 0),
        ("select * from (values (1, 'a'), (1, 'a'), (2, ''), (3, 'b')) as v(n, t)", 1, 2),
        ("", 3, 0),
    ],
    ids=["one of two equal rows", "null is no text", "no rows"],
)
def test_differences_are_counted_in_both_directions(
    both: Callable[[str, str], Any], theirs: str, only_duckdb: int, only_spark: int
) -> None:
    row = both(SAME, theirs)
    assert (row.only_duckdb, row.only_spark) == (only_duckdb, only_spark)
    assert not row.is_equal


def test_another_type_or_column_is_a_difference(both: Callable[[str, str], Any]) -> None:
    row = both(SAME, f"select cast(n as bigint) as n, t, true as more from ({SAME})")
    assert row.problem == "more: missing here, BOOLEAN on Spark; n: INTEGER here, BIGINT on Spark"


def test_an_empty_table_needs_its_folder(both: Callable[[str, str], Any]) -> None:
    assert both("select 1 as n where false", "").is_equal


def test_readers_are_pointed_to_builds_that_ended_well(tmp_path: Path) -> None:
    window = {"as_of": "2026-03-31", "window_key": "k"}
    assert current_build(tmp_path) is None
    first = build._new_folder(tmp_path, "k")
    assert current_build(tmp_path) is None  # killed now, it was never read
    build._point_to(tmp_path, first, window)
    again = build._new_folder(tmp_path, "k")
    assert again != first
    (again / "half").touch()
    assert current_build(tmp_path) == first
    again = build._new_folder(tmp_path, "k")
    assert not any(again.iterdir())
    build._point_to(tmp_path, again, window)
    third = build._new_folder(tmp_path, "l")
    build._point_to(tmp_path, third, window)
    assert current_build(tmp_path) == third
    assert sorted((tmp_path / "builds").iterdir()) == sorted([again, third])


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = SimpleNamespace(project_root=tmp_path)
    monkeypatch.delenv("VOC_SPARK_PYTHON", raising=False)
    with pytest.raises(ConfigError, match="make spark-setup"):
        spark_python(settings)  # type: ignore[arg-type]
    monkeypatch.setenv("VOC_SPARK_PYTHON", sys.executable)
    assert spark_python(settings) == Path(sys.executable)  # type: ignore[arg-type]
    monkeypatch.setenv("VOC_HOME", str(tmp_path / "home"))
    found = CliRunner().invoke(spark_group, ["compare"])
    assert (found.exit_code, "run `voc spark build`" in found.output) == (65, True)


@pytest.mark.parametrize(
    ("said", "why"),
    [('openjdk version "11.0.2"', "is Java 11"), ('java version "1.8.0_1"', "is Java 8"), ("", "unknown")],
)
def test_an_old_java_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, why: str) -> None:
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text(f"#!/bin/sh\necho '{said}' >&2\n")
    java.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(ConfigError, match=why):
        check_java()
    java.write_text("#!/bin/sh\necho 'openjdk version \"21.0.1\" 2023-10-17' >&2\n")
    assert check_java() == 21


def test_no_java_at_all_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="needs Java >= 17"):
        check_java()


def test_a_window_that_is_none_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "window.json").write_text("{", encoding="utf-8")
    assert build.main([str(tmp_path / "window.json"), "--root", str(tmp_path)]) == 65
    assert "no window export" in capsys.readouterr().err
