"""`voc scaffold` writes what the shipped models say, and never takes a person's words away."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from data_quality.contract import load_contract
from orchestration.scaffold import ScaffoldError, scaffold_command, write_scaffold
from orchestration.settings import PROJECT_ROOT, Settings

MODELS = Path("dbt_project/models")
CHANNELS = sorted(Settings.load({}).channels)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with the feedback contract and the labels, and no channel."""
    for name in ("dbt_project/column_labels.yml", MODELS / "intermediate/feedback/int_feedback__unioned.yml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PROJECT_ROOT / name, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize("channel", CHANNELS)
def test_shipped_staging_follows_from_the_contract(channel: str, project: Path) -> None:
    """What stands in the tree is what the contract asks for today: a changed contract is told here."""
    contract = load_contract(PROJECT_ROOT / f"data_quality/contracts/{channel}.yml")
    written = write_scaffold(project, contract)
    assert written
    for path in written:
        shipped = PROJECT_ROOT / path.relative_to(project)
        assert shipped.is_file(), shipped
        if "staging" in path.parts and path.suffix == ".sql":
            assert select_lines(shipped) == select_lines(path)
        if path.name.startswith("stg_") and path.suffix == ".yml":
            assert columns_of(shipped) == columns_of(path)


def select_lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()[1:]


def columns_of(path: Path) -> list[str]:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    return [one["name"] for one in document["models"][0]["columns"]]


def test_conforming_models_have_the_columns_of_the_feedback_contract(project: Path) -> None:
    contract = load_contract(PROJECT_ROOT / "data_quality/contracts/owner_app.yml")
    write_scaffold(project, contract)
    folder = project / MODELS / "intermediate/feedback"
    text = (folder / "int_feedback__owner_app.sql").read_text(encoding="utf-8")
    assert "app_account_key as account_key" in text
    assert "\n        vin8_key,\n" in text
    assert "cast(star_count as decimal(3, 2)) as star_score" in text
    assert "'owner' as author_role" in text
    assert "cast(null as string) as plate_key" in text
    assert columns_of(folder / "int_feedback__owner_app.yml") == columns_of(
        PROJECT_ROOT / MODELS / "intermediate/feedback/int_feedback__unioned.yml"
    )


def test_files_that_exist_stay_and_overwriting_keeps_descriptions(project: Path) -> None:
    contract = load_contract(PROJECT_ROOT / "data_quality/contracts/forum.yml")
    written = write_scaffold(project, contract)
    assert write_scaffold(project, contract) == []
    page = next(path for path in written if path.name == "stg_forum__post.yml")
    told = page.read_text(encoding="utf-8").replace("脱敏程序版本。", "由人改过的说明。")
    page.write_text(told, encoding="utf-8")
    model = page.with_suffix(".sql")
    generated = model.read_text(encoding="utf-8")
    model.write_text("select 1", encoding="utf-8")
    assert set(write_scaffold(project, contract, overwrite=True)) == set(written)
    assert page.read_text(encoding="utf-8") == told
    assert model.read_text(encoding="utf-8") == generated


def test_a_folder_that_is_no_project_is_named(tmp_path: Path) -> None:
    contract = load_contract(PROJECT_ROOT / "data_quality/contracts/forum.yml")
    with pytest.raises(ScaffoldError, match="run in the root of the project"):
        write_scaffold(tmp_path, contract)


def test_command_says_when_there_is_nothing_to_write() -> None:
    done = CliRunner().invoke(scaffold_command, ["forum"])
    assert done.exit_code == 0, done.output
    assert "all models exist" in done.output


def test_command_names_what_is_wrong_and_ends_with_3(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise ScaffoldError("run in the root of the project")

    monkeypatch.setattr("orchestration.scaffold.write_scaffold", refused)
    done = CliRunner().invoke(scaffold_command, ["forum"])
    assert done.exit_code == 3
    assert done.output == "Error: run in the root of the project\n"
