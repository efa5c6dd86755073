"""Each generic test of ours passes on good rows and fails on a bad one."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestration.settings import PROJECT_ROOT, Settings
from orchestration.warehouse import dbt_runner

GENERIC_TESTS = PROJECT_ROOT / "dbt_project" / "macros" / "generic_tests"
COLUMNS = ("id", "day", "amount", "colour")


@dataclass(frozen=True)
class Case:
    """Arguments of a test, rows it lets pass and rows it must catch (and how many failures it counts)."""

    test: str
    arguments: dict[str, Any]
    good: tuple[tuple[Any, ...], ...]
    bad: tuple[tuple[Any, ...], ...]
    failures: int = 1


GOOD = ((1, "2026-01-01", 10, "red"), (2, "2026-01-02", None, None))
CASES = (
    Case("unique_combination", {"columns": ["id", "colour"]}, GOOD, (*GOOD, (1, "2026-01-03", 3, "red"))),
    Case("not_null_columns", {"columns": ["id", "day"]}, GOOD, (*GOOD, (None, "2026-01-03", 3, "red"))),
    Case("accepted_range", {"ranges": {"amount": [0, 10]}}, GOOD, (*GOOD, (3, "2026-01-03", 11, "red"))),
    Case("accepted_members", {"members": {"colour": ["red"]}}, GOOD, (*GOOD, (3, "2026-01-03", 1, "blue"))),
    Case(
        "relationships_where",
        {"column": "id", "to": "ref('referred')", "field": "id", "condition": "amount > 5"},
        (*GOOD, (99, "2026-01-03", 5, "not meant")),
        (*GOOD, (99, "2026-01-03", 6, "red")),
    ),
    Case("not_empty", {}, GOOD, ()),
    Case(
        "rules_hold",
        {"rules": {"red_is_dear": "colour <> 'red' or amount >= 10", "ids_are_small": "id < 50"}},
        GOOD,
        (*GOOD, (60, "2026-01-03", 3, "red")),
        failures=2,
    ),
    Case(
        "equal_sums",
        {
            "to": "ref('referred')",
            "sums": {"sum(amount)": "sum(amount)", "count(*)": "count(*)"},
            "group_by": ["day"],
        },
        GOOD,
        ((1, "2026-01-01", 11, "red"), (2, "2026-01-03", None, None)),
        failures=3,
    ),
)


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, int]]:
    """Status and failures of every test of a small project that holds only our generic tests."""
    root = tmp_path_factory.mktemp("generic")
    project = root / "dbt_project"
    shutil.copytree(GENERIC_TESTS, project / "macros" / "generic_tests")
    shutil.copy(PROJECT_ROOT / "dbt_project" / "macros" / "window.sql", project / "macros" / "window.sql")
    shutil.copy(PROJECT_ROOT / "dbt_project" / "profiles.yml", project / "profiles.yml")
    _write_project(project)
    settings = replace(Settings.load({"VOC_HOME": str(root / "home")}), project_root=root)
    result = dbt_runner.invoke(settings, ["build"])
    return {node.name: (node.status, node.failures) for node in result.nodes if node.resource_type == "test"}


def _write_project(project: Path) -> None:
    head = {"name": "voc_warehouse", "version": "1.0", "profile": "voc_warehouse", "model-paths": ["models"]}
    head["flags"] = {"require_generic_test_arguments_property": True}
    (project / "dbt_project.yml").write_text(yaml.safe_dump(head), encoding="utf-8")
    (project / "models").mkdir()
    tables: dict[str, tuple[tuple[Any, ...], ...]] = {
        "referred": GOOD,
        "int_survey_affected_day": (),
        "int_warranty_affected_day": (),
    }
    described = []
    for case in CASES:
        for kind, rows in (("good", case.good), ("bad", case.bad)):
            name = f"{kind}_{case.test}"
            tables[name] = rows
            test = {case.test: {"name": f"{name}__test", "arguments": case.arguments}}
            described.append({"name": name, "data_tests": [test]})
    for name, rows in tables.items():
        (project / "models" / f"{name}.sql").write_text(_select(rows), encoding="utf-8")
    document = {"version": 2, "models": described}
    (project / "models" / "models.yml").write_text(yaml.safe_dump(document), encoding="utf-8")


def _select(rows: tuple[tuple[Any, ...], ...]) -> str:
    kinds = dict(zip(COLUMNS, ("integer", "date", "integer", "varchar"), strict=True))
    lines = []
    for row in rows or ((None,) * len(COLUMNS),):
        values = ("null" if value is None else f"'{value}'" for value in row)
        pairs = zip(values, kinds.items(), strict=True)
        lines.append(
            "select " + ", ".join(f"cast({value} as {kind}) as {name}" for value, (name, kind) in pairs)
        )
    text = " union all ".join(lines)
    return text if rows else f"select * from ({text}) as nothing where false"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.test)
def test_passes_on_good_rows(case: Case, outcome: dict[str, tuple[str, int]]) -> None:
    assert outcome[f"good_{case.test}__test"] == ("pass", 0)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.test)
def test_fails_on_bad_rows(case: Case, outcome: dict[str, tuple[str, int]]) -> None:
    assert outcome[f"bad_{case.test}__test"] == ("fail", case.failures)
