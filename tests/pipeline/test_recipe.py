"""The recipe "Add a channel" of CONTRIBUTING.md, done to the letter in a copy of the project.

The rows, the contract, the entry and the commands are cut out of the Markdown and nothing is added:
when the recipe stops being enough, this fails.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.settings import PROJECT_ROOT
from tests.support.home import Home, Warm, plain_environment

CHANNEL = "charging_ticket"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
PROJECT = ("orchestration", "ml", "data_quality", "dbt_project", "sample_oem", "voc.yml", "pyproject.toml")
RECEIVED = "2026-01-02T08:00:00+08:00"


def blocks() -> list[tuple[str, str]]:
    """Language and text of the code blocks of the recipe, in order."""
    text = (PROJECT_ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    recipe = text.split("## Add a channel", 1)[1].split("\n## ", 1)[0]
    return BLOCK.findall(recipe)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project."""
    root = tmp_path / "project"
    ignored = shutil.ignore_patterns("__pycache__", "target", "logs", "*.duckdb")
    for name in PROJECT:
        source = PROJECT_ROOT / name
        if source.is_dir():
            shutil.copytree(source, root / name, ignore=ignored)
        else:
            root.mkdir(exist_ok=True)
            shutil.copyfile(source, root / name)
    return root


def snapshot(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def follow(project: Path) -> bytes:
    """Do steps 1 to 4; return the source's file."""
    (rows,) = [body for language, body in blocks() if language == "csv"]
    contract, entry = [body for language, body in blocks() if language == "yaml"]
    (project / f"data_quality/contracts/{CHANNEL}.yml").write_text(contract, encoding="utf-8")
    config = project / "voc.yml"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("channels:\n", f"channels:\n{entry}", 1), encoding="utf-8")
    voc = f'voc() {{ "{sys.executable}" -m orchestration.cli "$@"; }}\n'
    for body in steps():
        subprocess.run(
            ["bash", "-euo", "pipefail", "-c", voc + body],
            cwd=project,
            env=plain_environment(project),
            check=True,
        )
    return rows.encode("gb18030")


def steps() -> list[str]:
    """The commands up to the models; what comes after is the refresh."""
    return [body for language, body in blocks() if language == "bash" and "voc deliver" not in body]


def test_recipe_changes_one_file_and_adds_the_channels_own(project: Path) -> None:
    before = snapshot(project)
    follow(project)
    after = snapshot(project)
    assert {name for name in before if after.get(name) != before[name]} == {"voc.yml"}
    models = "dbt_project/models"
    assert after.keys() - before.keys() == {
        f"data_quality/contracts/{CHANNEL}.yml",
        f"{models}/staging/{CHANNEL}/_sources.yml",
        f"{models}/staging/{CHANNEL}/stg_{CHANNEL}__ticket.sql",
        f"{models}/staging/{CHANNEL}/stg_{CHANNEL}__ticket.yml",
        f"{models}/intermediate/feedback/int_feedback__{CHANNEL}.sql",
        f"{models}/intermediate/feedback/int_feedback__{CHANNEL}.yml",
    }


@pytest.mark.slow
def test_recipe_brings_the_voice_to_the_published_tables(project: Path, tmp_path: Path) -> None:
    rows = follow(project)
    source = tmp_path / "tickets.csv"
    source.write_bytes(rows)
    home = Home.create(tmp_path / "home", Warm(tmp_path, project))
    home.voc_cold("deliver", CHANNEL, str(source), "--received-at", RECEIVED).ok()
    home.voc_cold("refresh").ok()
    shown = [body for language, body in blocks() if language == "bash" and "voc deliver" in body]
    assert f"voc deliver {CHANNEL}" in shown[0]
    (query,) = re.findall(r'voc sql "([^"]+)"', shown[0])
    found = home.voc_cold("sql", "--format", "json", query).ok()
    # Two rows are one voice; the ticket withdrawn is none.
    assert json.loads(found.out) == [{"channel": CHANNEL, "voices": 1}]
    row = json.loads(
        home.voc_cold(
            "sql", "--audience", "voice", "--format", "json",
            "select source_voice_no, verbatim, vin_key, author_key_basis, record_count, source_categories_zh, "
            "feedback_date, occurred_at, occurred_at_basis from core.fct_feedback",
        ).ok().out
    )[0]  # fmt: skip
    lines = [line.split(";") for line in rows.decode("gb18030").splitlines()[1:]]
    assert row["source_voice_no"] == lines[0][0]
    assert row["verbatim"] == f"{lines[0][-1]}\n{lines[1][-1]}"
    assert row["vin_key"].startswith("k1_")
    assert (row["author_key_basis"], row["record_count"]) == ("phone", 2)
    assert row["source_categories_zh"] == "处理中"
    assert row["occurred_at_basis"] == "source_time"
    # 18:30 in Shanghai.
    assert str(row["occurred_at"]).replace("T", " ").startswith("2026-01-01 10:30:00")
    assert str(row["feedback_date"])[:10] == "2026-01-01"
    assert lines[0][3] not in found.out
    assert lines[0][3] not in json.dumps(row)
