"""The warehouse must not know the sample carmaker, nor open what it knows to be true."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
WAREHOUSE = ("orchestration", "ml", "data_quality", "dbt_project")
# The demo command alone may start the simulator.
ALLOWED: set[str] = set()
TRUTH_FILES = (
    "truth.json",
    "deliveries_expected.csv",
    "damaged.csv",
    "planted_pii.csv",
    "scores_by_day.csv",
    "voices_by_day.csv",
    "template_groups.csv",
    "voice_truth.csv",
    "truth_person.csv",
    "truth_vehicle.csv",
    "truth_latent.csv",
    "truth_problem.csv",
    "truth_voice_row.csv",
    "truth_invitation.csv",
    "truth_planted.json",
    "truth_total_month.csv",
    "truth_claim_cause.csv",
    "truth_case_cause.csv",
    "truth_repair_cause.csv",
)


def _code() -> list[tuple[str, str]]:
    files = [
        p
        for name in WAREHOUSE
        for p in sorted((ROOT / name).rglob("*"))
        if p.suffix in {".py", ".sql", ".yml"}
    ]
    return [(str(p.relative_to(ROOT)), p.read_text(encoding="utf-8")) for p in files]


def test_warehouse_never_imports_the_sample() -> None:
    code = _code()
    assert len(code) > 10
    pattern = re.compile(r"^\s*(import|from)\s+sample_oem|import_module\(.sample_oem", re.MULTILINE)
    assert [name for name, text in code if name not in ALLOWED and pattern.search(text)] == []


def test_warehouse_never_names_a_truth_file() -> None:
    assert [(name, t) for name, text in _code() for t in TRUTH_FILES if t in text] == []


def test_the_patterns_would_find_an_offender() -> None:
    pattern = re.compile(r"^\s*(import|from)\s+sample_oem", re.MULTILINE)
    assert pattern.search("x = 1\nfrom sample_oem.truth import Oracle\n")


def test_truth_files_listed_here_are_those_written(made) -> None:
    assert {p.name for p in made.truth.rglob("*") if p.is_file()} == set(TRUTH_FILES)
