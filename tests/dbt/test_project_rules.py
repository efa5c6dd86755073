"""House rules of the dbt project, read from its manifest and files."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from orchestration.settings import PROJECT_ROOT, Settings
from orchestration.warehouse.control_tables import FEEDBACK
from orchestration.warehouse.dbt_runner import feedback_channels
from orchestration.warehouse.restated import SPINES

PROJECT = PROJECT_ROOT / "dbt_project"
LAYERS = ("staging", "intermediate", "core", "experience", "finance", "reports")
PUBLIC_LAYERS = frozenset({"core", "experience", "finance", "reports"})
# A layer reads these layers (and, where named, sources).
MAY_READ = {
    "staging": {"raw"},
    "intermediate": {"staging", "intermediate", "ctl"},
    "core": {"intermediate", "core", "ctl", "seeds"},
    "experience": {"core", "intermediate", "ctl"},
    "finance": {"core", "intermediate", "ctl"},
    "reports": {"core", "experience", "finance", "ctl"},
}
# Reading further back is allowed for the days to redo only.
WINDOW_MODELS = frozenset({"int_survey_affected_day", "int_warranty_affected_day"})
NAMES = {
    "staging": re.compile(r"stg_[a-z0-9_]+__[a-z0-9_]+"),
    "intermediate": re.compile(r"int_[a-z0-9_]+"),
    "core": re.compile(r"(fct|dim|bridge)_[a-z0-9_]+"),
    "experience": re.compile(r"(agg|est)_[a-z0-9_]+"),
    "finance": re.compile(r"(agg|est)_[a-z0-9_]+"),
    "reports": re.compile(r"rpt_[a-z0-9_]+"),
}
HAN = re.compile(r"[一-鿿]")
# What only one engine has; portable.sql is the one place for it.
ENGINE_WORDS = re.compile(
    r"\b(string_agg|listagg|date_diff|datediff|isodow|generate_series|strftime|arg_max|explode|rlike|"
    r"regexp_replace|regexp_matches|array_to_string|to_date|timestamptz|read_parquet|exclude)\b"
)


def models(manifest: Any) -> list[Any]:
    return sorted(
        (node for node in manifest.nodes.values() if node.resource_type == "model"),
        key=lambda node: node.name,
    )


def layer(node: Any) -> str:
    return str(node.fqn[1])


def model_files() -> list[Path]:
    return sorted((PROJECT / "models").rglob("*.sql"))


def test_every_model_has_its_yml_beside_it() -> None:
    assert model_files()
    for path in model_files():
        assert path.with_suffix(".yml").is_file(), path


def test_names_tell_the_layer(manifest: Any) -> None:
    for node in models(manifest):
        assert NAMES[layer(node)].fullmatch(node.name), node.name
        assert node.schema == layer(node), node.name


def test_layers_read_their_neighbours_only(manifest: Any) -> None:
    for node in models(manifest):
        for parent_id in node.depends_on.nodes:
            parent = manifest.nodes.get(parent_id) or manifest.sources[parent_id]
            place = parent.source_name if parent.resource_type == "source" else str(parent.fqn[1])
            if parent.resource_type == "seed":
                place = "seeds"
            assert place in MAY_READ[layer(node)], f"{node.name} reads {parent.name} of {place}"
            if place == "intermediate" and layer(node) in {"experience", "finance"}:
                assert parent.name in WINDOW_MODELS, f"{node.name} reads {parent.name}"


def test_every_model_and_column_is_described_in_chinese_with_its_grain(manifest: Any) -> None:
    for node in models(manifest):
        assert "一行 = " in node.description.rsplit("。", 2)[-2], node.name
        assert node.raw_code.lstrip().startswith("-- 一行 = "), node.name
        assert node.columns, node.name
        for column in node.columns.values():
            assert HAN.search(column.description), f"{node.name}.{column.name}"


@pytest.mark.slow
def test_descriptions_cover_exactly_the_columns(manifest: Any, built: Any) -> None:
    import duckdb

    with duckdb.connect(str(built.path), read_only=True) as connection:
        found = defaultdict(set)
        for name, column in connection.execute(
            "select table_name, column_name from information_schema.columns"
        ).fetchall():
            found[name].add(column)
    for node in models(manifest):
        assert set(node.columns) == found[node.name], node.name


def test_public_models_are_contracts_with_an_owner(manifest: Any) -> None:
    groups = {group.name: group for group in manifest.groups.values()}
    assert groups
    for node in models(manifest):
        assert node.group in groups, node.name
        assert groups[node.group].owner.email, node.group
        if layer(node) in PUBLIC_LAYERS:
            assert node.config.contract.enforced, node.name
            assert node.access == "public", node.name
            assert all(column.data_type for column in node.columns.values()), node.name
        else:
            assert node.access in {"private", "protected"}, node.name


def test_incremental_models_replace_partitions(manifest: Any) -> None:
    seen = 0
    for node in models(manifest):
        if node.config.materialized == "incremental":
            seen += 1
            assert node.config.incremental_strategy == "partition_replace", node.name
            assert node.config.meta["partition_by"] in node.columns, node.name
            assert node.config.meta["partition_kind"], node.name
    assert seen >= 15


def test_text_is_published_to_readers_of_text_only(manifest: Any) -> None:
    """No free text and no direct identifier reaches `bi` or `finance`."""
    guarded = {
        "verbatim", "evidence_text", "fault_note", "source_voice_no", "complaint_note", "cause_note",
        "correction_note", "release_note", "claim_text", "service_script", "scope",
    }  # fmt: skip
    never = {"phone_key", "mail_key", "id_card_key", "plate_key", "handle_key"}
    seen = set()
    for node in models(manifest):
        if not node.config.meta.get("audiences"):
            continue
        assert layer(node) in PUBLIC_LAYERS, node.name
        for column in node.columns.values():
            audiences = column.config.meta.get("audiences")
            if column.name in guarded:
                assert audiences == ["voice"], f"{node.name}.{column.name}"
                seen.add(column.name)
            if column.name in never:
                assert audiences == [], f"{node.name}.{column.name}"
    assert seen == guarded


def test_keys_are_tested(manifest: Any) -> None:
    """Each fact, dimension, aggregate and report has a uniqueness test, on itself or where it is made."""
    tested = defaultdict(set)
    for node in manifest.nodes.values():
        if node.resource_type == "test" and getattr(node, "test_metadata", None):
            for parent in node.depends_on.nodes:
                tested[parent].add(node.test_metadata.name)
    views_of_int = {
        "dim_customer",
        "dim_vehicle",
        "dim_dealer",
        "dim_vehicle_model",
        "bridge_feedback_customer",
    } | {node.name for node in models(manifest) if is_renaming_view(node)}
    for node in models(manifest):
        if layer(node) in PUBLIC_LAYERS and node.name not in views_of_int:
            assert "unique_combination" in tested[node.unique_id], node.name


def is_renaming_view(node: Any) -> bool:
    """A view over one intermediate table without joins, groups or windows has that table's key."""
    code = re.sub(r"--.*", "", node.raw_code).lower()
    parents = [parent for parent in node.depends_on.nodes if parent.startswith("model.")]
    return (
        node.config.materialized == "view"
        and len(parents) == 1
        and ".int_" in parents[0]
        and not re.search(r"\b(join|group by|union|over|unnest)\b", code)
    )


def test_exposures_stand_on_public_models(manifest: Any) -> None:
    names = {exposure.name for exposure in manifest.exposures.values()}
    assert {"bi_dashboards", "daily_brief", "finance_review"} <= names
    for exposure in manifest.exposures.values():
        for parent in exposure.depends_on.nodes:
            assert manifest.nodes[parent].access == "public", f"{exposure.name}: {parent}"


def test_published_models_have_an_exposure(manifest: Any) -> None:
    exposed = {parent for one in manifest.exposures.values() for parent in one.depends_on.nodes}
    for node in models(manifest):
        if node.config.meta.get("audiences"):
            assert node.unique_id in exposed, node.name


@pytest.mark.parametrize("path", model_files(), ids=lambda path: path.stem)
def test_models_are_portable(path: Path) -> None:
    """Engine-specific words stand in macros/portable.sql only; the shared subset is kept to."""
    code = "\n".join(
        line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("--")
    )
    assert not ENGINE_WORDS.search(code), ENGINE_WORDS.search(code)
    assert "\\" not in code
    assert '"' not in code
    for clause in windows(code):
        if "order by" in clause and "version_order" not in clause:
            ordered = clause.split("order by", 1)[1].split("rows between")[0]
            terms = [term for term in re.split(r",(?![^(]*\))", ordered) if term.strip()]
            assert all("nulls last" in term for term in terms), clause


def test_macros_keep_engine_words_in_their_place() -> None:
    allowed = {"portable.sql", "materializations.sql"}
    for path in sorted((PROJECT / "macros").rglob("*.sql")):
        if path.name not in allowed:
            found = ENGINE_WORDS.search(path.read_text(encoding="utf-8"))
            assert found is None, f"{path.name}: {found}"


@pytest.mark.parametrize("path", model_files(), ids=lambda path: path.stem)
def test_no_distinct_count_stands_beside_a_percentile(path: Path) -> None:
    """One select with both holds every value twice in memory, on either engine (docs/scale_out.md)."""
    for select in re.split(r"\bselect\b", path.read_text(encoding="utf-8")):
        assert not ("percentile" in select and "count(distinct" in select), path.name


def windows(code: str) -> list[str]:
    """The text between the brackets of every `over (…)`."""
    found = []
    for match in re.finditer(r"over \(", code):
        depth, end = 1, match.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(code[end], 0)
            end += 1
        found.append(code[match.end() : end - 1])
    return found


def test_a_new_channel_changes_no_shared_model(manifest: Any) -> None:
    """The union loops over the configured channels, each with one conforming model of equal columns."""
    channels = feedback_channels(Settings.load({})).split(",")
    assert len(channels) >= 5
    union = next(node for node in models(manifest) if node.name == "int_feedback__unioned")
    conforming = [f"model.voc_warehouse.int_feedback__{channel}" for channel in channels]
    assert sorted(union.depends_on.nodes) == sorted(conforming)
    shapes = {tuple(manifest.nodes[one].columns) for one in conforming}
    assert len(shapes) == 1
    shared = [
        path
        for path in model_files()
        if path.stem.startswith(("int_feedback_record", "fct_feedback", "agg_aspect"))
    ]
    assert len(shared) >= 4
    for path in shared:
        text = path.read_text(encoding="utf-8")
        assert not any(f"'{channel}'" in text for channel in channels), path


def test_partition_kinds_exist(manifest: Any) -> None:
    """A partition kind is the voices', a business entity's, a spine's, or derived in macros/window.sql."""
    business = {
        source.name
        for source in manifest.sources.values()
        if source.source_name == "raw" and not source.name.startswith(("score_", "identity_"))
    }
    derived = set(
        re.findall(r"kind == '(\w+)'", (PROJECT / "macros" / "window.sql").read_text(encoding="utf-8"))
    )
    for node in models(manifest):
        kind = node.config.meta.get("partition_kind")
        assert kind is None or kind in {FEEDBACK, *SPINES} | business | derived, node.name


def test_every_generic_test_has_a_failing_fixture() -> None:
    """Listed in test_generic_tests.py, which runs them."""
    from tests.dbt.test_generic_tests import CASES

    names = {path.stem for path in (PROJECT / "macros" / "generic_tests").glob("*.sql")}
    assert names == {case.test for case in CASES}
