"""Publishing: what a version holds, what a second publish costs, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration.publishing.catalogue import PublishError
from orchestration.publishing.query import run_query
from orchestration.publishing.versions import AudienceStore, publications
from orchestration.settings import Settings
from orchestration.sources.files import sha256_of
from tests.publishing.sample_warehouse import AS_OF, SampleWarehouse, manifest_of, model


def published_value(version, sql: str):
    with duckdb.connect(str(version.database), read_only=True) as connection:
        return connection.execute(sql).fetchone()[0]


def snapshot(folder: Path) -> dict[str, tuple[int, int, str]]:
    """Every file with inode, mtime and content; links by target."""
    return {
        str(path.relative_to(folder)): (path.lstat().st_ino, path.lstat().st_mtime_ns, sha256_of(path))
        if path.is_file() and not path.is_symlink()
        else (path.lstat().st_ino, path.lstat().st_mtime_ns, str(path.resolve()))
        for path in sorted(folder.rglob("*"))
    }


def test_each_audience_gets_exactly_its_tables_and_columns(warehouse: SampleWarehouse) -> None:
    warehouse.build()
    published = warehouse.publish()
    assert sorted(published) == ["bi", "finance", "voice"]
    tables = {
        name: {
            row[0]
            for row in duckdb.connect(str(version.database), read_only=True)
            .execute("select table_schema || '.' || table_name from information_schema.tables")
            .fetchall()
        }
        for name, version in published.items()
    }
    version_table = {"reports.rpt_published_version"}
    common = {"core.fct_feedback", "core.dim_channel", "experience.agg_daily", "reports.rpt_total"}
    assert tables["bi"] == tables["voice"] == common | version_table
    assert tables["finance"] == {"core.dim_channel", "finance.fct_cost"} | version_table
    columns = "select list(column_name) from information_schema.columns where table_name = 'fct_feedback'"
    assert "verbatim" not in published_value(published["bi"], columns)
    assert "verbatim" in published_value(published["voice"], columns)


def test_published_equals_warehouse_in_file_and_objects(
    warehouse: SampleWarehouse, settings: Settings
) -> None:
    warehouse.build()
    version = warehouse.publish()["voice"]
    total = "select sum(claim_cost_cny)::varchar || '/' || count(*) || '/' || sum(hash(verbatim)) from "
    expected = warehouse.value(total + "core.fct_feedback")
    assert published_value(version, total + "core.fct_feedback") == expected
    objects = AudienceStore(settings, "voice")
    entry = objects.manifest(version.version_id)["tables"]["core.fct_feedback"]
    files = [str(objects.object_path(p["sha256"])) for p in entry["partitions"]]
    assert len(files) == 30
    assert duckdb.execute(total + f"read_parquet({files})").fetchone()[0] == expected
    assert [sha256_of(Path(f)) + ".parquet" for f in files] == [Path(f).name for f in files]


def test_comments_and_version_row_travel_with_the_file(warehouse: SampleWarehouse) -> None:
    warehouse.build()
    version = warehouse.publish()["bi"]
    assert "it's quoted" in published_value(
        version, "select comment from duckdb_tables() where table_name = 'fct_feedback'"
    )
    assert (
        published_value(version, "select comment from duckdb_columns() where column_name = 'dealer_code'")
        == "经销商"
    )
    assert (
        published_value(version, "select version_id from reports.rpt_published_version") == version.version_id
    )


@pytest.mark.parametrize("affected", [None, {}, {"core.fct_feedback": {AS_OF}}])
def test_publishing_nothing_new_changes_no_byte(
    warehouse: SampleWarehouse, settings: Settings, affected
) -> None:
    warehouse.build()
    first = warehouse.publish()
    before = snapshot(settings.published)
    second = warehouse.publish(affected=affected)
    assert snapshot(settings.published) == before
    assert {n: v.version_id for n, v in second.items()} == {n: v.version_id for n, v in first.items()}
    assert not any(v.is_new or v.is_moved for v in second.values())


def test_only_affected_days_are_exported_again(warehouse: SampleWarehouse) -> None:
    warehouse.build()
    warehouse.publish()
    day = AS_OF + timedelta(days=1)
    warehouse.add_day(day)
    version = warehouse.publish(window_key="w2", affected={"core.fct_feedback": {day}})["bi"]
    assert version.is_new
    assert version.exported == 3  # the day and two small tables
    assert version.reused == 31  # thirty days and the channel table
    assert published_value(version, "select count(*) from core.fct_feedback") == 31 * 20


def test_incremental_and_full_publish_give_one_version(warehouse: SampleWarehouse, tmp_path: Path) -> None:
    warehouse.build()
    warehouse.publish()
    day = AS_OF - timedelta(days=4)
    warehouse.add_day(day)
    incremental = warehouse.publish(window_key="w2", affected={"core.fct_feedback": {day}})
    other = Settings.load({"VOC_HOME": str(tmp_path / "other")})
    other.home.mkdir()
    other.warehouse_path.write_bytes(warehouse.settings.warehouse_path.read_bytes())
    clean = SampleWarehouse(other).publish(window_key="w2")
    assert {n: v.version_id for n, v in clean.items()} == {n: v.version_id for n, v in incremental.items()}


def test_wrong_affected_set_cannot_publish_stale_days(warehouse: SampleWarehouse) -> None:
    warehouse.build()
    warehouse.publish()
    changed, emptied = AS_OF - timedelta(days=9), AS_OF - timedelta(days=3)
    warehouse.run(f"delete from core.fct_feedback where feedback_date = '{emptied}'")
    warehouse.add_day(changed, rows=1)
    version = warehouse.publish(window_key="w2", affected={"core.fct_feedback": {AS_OF}})["bi"]
    assert version.widened == {"core.fct_feedback": [changed.isoformat()]}
    assert published_value(version, "select count(*) from core.fct_feedback") == 30 * 20 - 20 + 1
    assert (
        published_value(version, f"select count(*) from core.fct_feedback where feedback_date = '{emptied}'")
        == 0
    )


def test_affected_of_a_skipped_publish_is_not_believed(warehouse: SampleWarehouse) -> None:
    """An edit of equal count, built in a window whose publish was refused, still gets out."""
    warehouse.build()
    warehouse.publish_built()
    warehouse.run(f"update core.fct_feedback set dealer_code = 'D99' where feedback_date = '{AS_OF}'")
    warehouse.next_window("w2", days=[AS_OF])
    warehouse.next_window("w3", days=[AS_OF - timedelta(days=1)])
    version = warehouse.publish_built()["bi"]
    assert published_value(version, "select count(*) from core.fct_feedback where dealer_code = 'D99'") == 20


def test_a_rebuild_by_another_scorer_that_was_never_published_gets_out(warehouse: SampleWarehouse) -> None:
    """Same deliveries, same counts, other rows: the gate refused it, the next day is a small window."""
    warehouse.build()
    warehouse.publish_built()
    warehouse.run(
        "update core.fct_feedback set dealer_code = 'D99'", "update ctl.build_state set scorer_version = 's2'"
    )
    warehouse.next_window("w2", days=[AS_OF])
    version = warehouse.publish_built()["bi"]
    assert published_value(version, "select count(*) from core.fct_feedback where dealer_code <> 'D99'") == 0


def test_a_built_window_publishes_its_days(warehouse: SampleWarehouse, settings: Settings) -> None:
    warehouse.build()
    warehouse.publish_built()
    warehouse.run(f"update core.fct_feedback set dealer_code = 'D99' where feedback_date = '{AS_OF}'")
    # A change the window does not name: were every row compared, this day would be exported, too.
    warehouse.run("update core.fct_feedback set dealer_code = 'D98' where feedback_date = '2026-03-02'")
    warehouse.next_window("w2", days=[AS_OF])
    version = warehouse.publish_built()["bi"]
    assert version.exported == 1
    assert published_value(version, "select count(*) from core.fct_feedback where dealer_code = 'D99'") == 20
    assert publications(settings)[-1]["window_key"] == "w2"


def test_an_unfinished_build_is_not_published(warehouse: SampleWarehouse) -> None:
    warehouse.build()
    warehouse.run("delete from ctl.built_delivery")
    with pytest.raises(PublishError, match="did not finish"):
        warehouse.publish_built()
    warehouse.run("drop table ctl.run_window")
    with pytest.raises(PublishError, match="no build is recorded"):
        warehouse.publish_built()
    warehouse.settings.warehouse_path.unlink()
    with pytest.raises(PublishError, match="voc refresh"):
        warehouse.publish_built()


def test_new_column_exports_the_table_in_full(warehouse: SampleWarehouse) -> None:
    warehouse.build(days=3)
    warehouse.publish()
    warehouse.run("alter table core.fct_feedback add column is_repeat boolean default true")
    node = warehouse.manifest["nodes"]["model.voc.fct_feedback"]
    node["columns"]["is_repeat"] = {"name": "is_repeat", "description": "重复"}
    version = warehouse.publish(affected={})["bi"]
    assert published_value(version, "select count(*) from core.fct_feedback where is_repeat") == 60


def test_facts_in_the_file_are_the_last_months_and_objects_hold_all(
    warehouse: SampleWarehouse, settings: Settings
) -> None:
    warehouse.build(days=500, rows_per_day=2)
    version = warehouse.publish()["bi"]
    assert published_value(version, "select min(feedback_date) from core.fct_feedback") == date(2025, 2, 1)
    assert published_value(version, "select fact_days_from from reports.rpt_published_version") == date(
        2025, 2, 1
    )
    assert published_value(version, "select count(*) from experience.agg_daily") == 500
    manifest = AudienceStore(settings, "bi").manifest(version.version_id)
    keys = [one["key"] for one in manifest["tables"]["core.fct_feedback"]["partitions"]]
    assert keys[:2] == ["2024-11-01", "2024-12-01"]  # older months: an object each
    assert keys[15:17] == ["2026-02-01", "2026-02-02"]  # the last month and this: an object a day
    assert len(keys) == 15 + 59


def test_a_late_row_exports_its_old_month_alone(warehouse: SampleWarehouse) -> None:
    warehouse.build(days=120)
    warehouse.publish()
    day = AS_OF - timedelta(days=90)
    warehouse.add_day(day)
    version = warehouse.publish(window_key="w2", affected={"core.fct_feedback": {day}})["bi"]
    assert version.exported == 3  # the month and two small tables
    assert version.widened == {}
    assert published_value(version, "select count(*) from core.fct_feedback") == 121 * 20


def test_a_month_that_ends_turns_days_into_one_object(warehouse: SampleWarehouse, tmp_path: Path) -> None:
    warehouse.build(days=90)
    warehouse.publish()
    day = AS_OF + timedelta(days=1)
    warehouse.add_day(day)
    rolled = warehouse.publish(window_key="w2", as_of=day, affected={"core.fct_feedback": {day}})
    assert rolled["bi"].exported == 4  # February, the new day and two small tables
    assert rolled["bi"].widened == {}
    other = Settings.load({"VOC_HOME": str(tmp_path / "other")})
    other.home.mkdir()
    other.warehouse_path.write_bytes(warehouse.settings.warehouse_path.read_bytes())
    clean = SampleWarehouse(other).publish(window_key="w2", as_of=day)
    assert {n: v.version_id for n, v in clean.items()} == {n: v.version_id for n, v in rolled.items()}


def test_empty_warehouse_publishes_empty_tables(warehouse: SampleWarehouse, settings: Settings) -> None:
    warehouse.build(days=0)
    published = warehouse.publish()
    assert published_value(published["bi"], "select count(*) from core.fct_feedback") == 0
    assert run_query(settings, "bi", "select total from reports.rpt_total").rows == ((0,),)


def broken(warehouse: SampleWarehouse, case: str) -> str:
    """Damage the declaration or the warehouse; return what the message must say."""
    node = warehouse.manifest["nodes"]["model.voc.fct_feedback"]
    if case == "text to bi by name":
        del node["columns"]["verbatim"]["config"]
        return "verbatim: free text may only go to 'voice'"
    if case == "text to bi by meta":
        node["columns"]["dealer_code"]["config"]["meta"]["free_text"] = True
        return "dealer_code: free text"
    if case == "unknown audience":
        node["config"]["meta"]["audiences"] = ["everyone"]
        return "meta.audiences names everyone"
    if case == "undocumented column":
        del node["columns"]["dealer_code"]
        return "not documented: \\['dealer_code'\\]"
    if case == "missing column":
        node["columns"]["gone"] = {"name": "gone"}
        return "not in the warehouse: \\['gone'\\]"
    if case == "missing table":
        warehouse.run("drop table core.dim_channel")
        return "core.dim_channel is meant to be published but is not in the warehouse"
    if case == "day not a date":
        node["config"]["meta"]["partition_by"] = "channel"
        return "must be a DATE column"
    if case == "row without day":
        warehouse.run(
            "update core.fct_feedback set feedback_date = null where occurred_at = timestamp '2026-01-01'"
        )
        return "1 rows have no feedback_date"
    if case == "lossy type":
        warehouse.run("alter table reports.rpt_total alter total type hugeint")
        return "rpt_total.total: type HUGEINT"
    raise AssertionError(case)


@pytest.mark.parametrize(
    "case",
    [
        "text to bi by name", "text to bi by meta", "unknown audience", "undocumented column",
        "missing column", "missing table", "day not a date", "row without day", "lossy type",
    ],
)  # fmt: skip
def test_a_refused_publish_leaves_the_last_version(
    warehouse: SampleWarehouse, settings: Settings, case: str
) -> None:
    warehouse.build(days=3)
    warehouse.publish()
    before = snapshot(settings.published)
    warehouse.add_day(AS_OF)
    with pytest.raises(PublishError, match=broken(warehouse, case)):
        warehouse.publish(window_key="w2")
    after = snapshot(settings.published)
    assert {k: v for k, v in after.items() if "objects" not in k} == {
        k: v for k, v in before.items() if "objects" not in k
    }
    assert run_query(settings, "bi", "select total from reports.rpt_total").rows == ((60,),)


def test_damage_between_export_and_file_is_caught(warehouse: SampleWarehouse, settings: Settings) -> None:
    """An object of right size and wrong content is named, not published."""
    warehouse.build(days=3)
    version = warehouse.publish()["bi"]
    store = AudienceStore(settings, "bi")
    partitions = store.manifest(version.version_id)["tables"]["core.fct_feedback"]["partitions"]
    victim, donor = (store.object_path(p["sha256"]) for p in partitions[:2])
    content = donor.read_bytes()
    size = victim.stat().st_size
    victim.chmod(0o644)
    victim.write_bytes(content)
    for entry in partitions:
        entry["bytes"] = size
    if len(content) != size:  # make the size agree so that only the content differs
        manifest = store.manifest(version.version_id)
        manifest["tables"]["core.fct_feedback"]["partitions"][0]["bytes"] = len(content)
        path = store.versions / version.version_id / "manifest.json"
        import json

        path.write_text(json.dumps(manifest))
    day = AS_OF + timedelta(days=1)
    warehouse.add_day(day)
    with pytest.raises(PublishError, match="the DuckDB file differs from its objects"):
        warehouse.publish(window_key="w2", affected={"core.fct_feedback": {day}})
    assert store.current_id() == version.version_id


def test_old_versions_go_and_their_aggregates_stay(
    warehouse: SampleWarehouse, settings_with: Callable[..., Settings]
) -> None:
    settings = settings_with(published_versions=2, published_grace_minutes=0)
    warehouse.settings = settings
    warehouse.build(days=3)
    ids = []
    for step in range(5):
        warehouse.add_day(AS_OF, rows=step + 1, tag=f"t{step}")
        ids.append(warehouse.publish(window_key=f"w{step}")["bi"].version_id)
    store = AudienceStore(settings, "bi")
    assert store.version_ids() == sorted(ids[-2:])
    named = {
        p["sha256"] for v in ids[-2:] for t in store.manifest(v)["tables"].values() for p in t["partitions"]
    }
    assert {p.stem for p in store.objects.glob("*.parquet")} == named
    kept = store.root / "history" / ids[0]
    assert sorted(p.name for p in kept.iterdir()) == [
        "experience.agg_daily.parquet", "manifest.json", "reports.rpt_total.parquet",
    ]  # fmt: skip
    assert duckdb.execute(f"select total from '{kept}/reports.rpt_total.parquet'").fetchone()[0] == 61
    assert [e["sequence"] for e in publications(settings)] == [1, 2, 3, 4, 5]


def test_a_version_in_use_is_not_removed(
    warehouse: SampleWarehouse, settings_with: Callable[..., Settings]
) -> None:
    warehouse.settings = settings_with(published_versions=1, published_grace_minutes=0)
    warehouse.build(days=2)
    first = warehouse.publish()["bi"]
    with duckdb.connect(str(first.database), read_only=True) as reader:
        warehouse.add_day(AS_OF, rows=1)
        warehouse.publish(window_key="w2")
        assert first.database.is_file()
        assert reader.execute("select total from reports.rpt_total").fetchone()[0] == 40
    warehouse.add_day(AS_OF, rows=1, tag="again")
    warehouse.publish(window_key="w3")
    assert not first.database.exists()


def test_an_audience_without_tables_is_left_out(warehouse: SampleWarehouse, settings: Settings) -> None:
    warehouse.build(days=1)
    warehouse.manifest = manifest_of(model("core", "dim_channel", {"channel": "", "label_zh": ""}, ["bi"]))
    assert sorted(warehouse.publish()) == ["bi"]
    warehouse.manifest = manifest_of(model("core", "dim_channel", {"channel": "", "label_zh": ""}, []))
    with pytest.raises(PublishError, match=r"no dbt model has meta\.audiences"):
        warehouse.publish()
