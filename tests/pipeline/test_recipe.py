"""The recipe "Add a channel" of CONTRIBUTING.md, done to the letter in a copy of the project.

The JSON line, the contract, the entry and the commands are cut out of the Markdown and nothing is
added: when the recipe stops being enough, this fails.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from orchestration.settings import PROJECT_ROOT
from tests.support.home import Home, Warm

CHANNEL = "owner_app"
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


def follow(project: Path) -> str:
    """Do steps 1 to 4; return the JSON line of the source."""
    (line,) = [body for language, body in blocks() if language == "json"]
    contract, entry = [body for language, body in blocks() if language == "yaml"]
    (project / f"data_quality/contracts/{CHANNEL}.yml").write_text(contract, encoding="utf-8")
    config = project / "voc.yml"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("channels:\n", f"channels:\n{entry}", 1), encoding="utf-8")
    for body in models():
        subprocess.run(["bash", "-euo", "pipefail", "-c", body], cwd=project, check=True)
    return line


def models() -> list[str]:
    return [body for language, body in blocks() if language == "bash" and not body.startswith("voc ")]


def test_recipe_changes_one_file_and_adds_the_channels_own(project: Path) -> None:
    before = snapshot(project)
    follow(project)
    after = snapshot(project)
    changed = {name for name in before if after.get(name) != before[name]}
    added = after.keys() - before.keys()
    assert changed == {"voc.yml"}
    assert all(CHANNEL in name for name in added)
    assert f"data_quality/contracts/{CHANNEL}.yml" in added
    assert sum(name.startswith(f"dbt_project/models/staging/{CHANNEL}/") for name in added) == 3


@pytest.mark.slow
def test_recipe_brings_the_voice_to_the_published_tables(project: Path, warm: Warm, tmp_path: Path) -> None:
    line = follow(project)
    source = tmp_path / "feedback.jsonl"
    source.write_text(line, encoding="utf-8")
    home = Home.create(tmp_path / "home", Warm(tmp_path, project))
    home.voc_cold("deliver", CHANNEL, str(source), "--received-at", RECEIVED).ok()
    home.voc_cold("refresh").ok()
    shown = [body for language, body in blocks() if language == "bash" and body.startswith("voc ")]
    assert f"voc deliver {CHANNEL}" in shown[0]
    (query,) = re.findall(r'voc sql "([^"]+)"', shown[0])
    found = home.voc_cold("sql", "--format", "json", query).ok()
    assert json.loads(found.out) == [{"channel": CHANNEL, "voices": 1}]
    row = json.loads(
        home.voc_cold(
            "sql", "--audience", "voice", "--format", "json",
            "select source_voice_no, verbatim, vin_key, feedback_date, occurred_at_basis "
            "from core.fct_feedback",
        ).ok().out
    )[0]  # fmt: skip
    document = json.loads(line)
    assert row["source_voice_no"] == document["id"]
    assert row["verbatim"] == document["body"]
    assert row["vin_key"].startswith("k1_")
    assert row["occurred_at_basis"] == "source_time"
    assert str(row["feedback_date"])[:10] == "2026-01-01"
    assert document["vin"] not in found.out
