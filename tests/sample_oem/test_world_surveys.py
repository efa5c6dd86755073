"""Surveys as delivered: every invitation is in the file, with form, wave, probe and repeat; the app's new names."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from datetime import date
from pathlib import Path

import pytest

from sample_oem import generate

DAYS = 40
END = date(2026, 3, 31)
Rows = dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def surveyed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("surveys")
    generate(
        base / "d", base / "t", DAYS, END, seed=9, owners=800, voices_per_day=400,
        channels=("survey", "owner_app"),
    )  # fmt: skip
    return base


def _current(folder: Path, kind: str, *key: str) -> Rows:
    """Last sound version of each record."""
    out: Rows = {}
    for file in sorted((folder / "d" / "survey").glob(f"*{kind}*")):
        for row in csv.DictReader(file.read_text("gb18030", errors="replace").splitlines()):
            sound = None not in row and None not in row.values() and row.get("邀请编号", "").startswith("INV")
            if sound and row.get("随机探访", "否") in ("是", "否") and "未知" not in row.get("邀请状态", ""):
                out["/".join(row[k] for k in key)] = row
    return out


def _truth(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / "t" / "world" / name).open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def test_every_invitation_is_in_the_file_so_that_response_rates_can_be_counted(surveyed: Path) -> None:
    sent, told = _current(surveyed, "invitations", "邀请编号"), _truth(surveyed, "truth_invitation.csv")
    assert len(sent) >= 0.98 * len(told)  # some rows of the last days come too late for the window
    answered = {r["邀请编号"] for r in _current(surveyed, "responses", "答卷编号", "指标").values()}
    assert answered <= set(sent), sorted(answered - set(sent))[:5]
    rate = sum(r["answered"] == "1" for r in told) / len(told)
    assert 0.25 < rate < 0.45
    assert abs(len(answered) / len(sent) - rate) < 0.02


def test_form_touchpoint_wave_probe_and_repeat_are_as_planted(surveyed: Path) -> None:
    sent = _current(surveyed, "invitations", "邀请编号")
    told = {int(n[-7:]): r for n, r in sent.items()}
    form = {"销售交付": "SSI", "售后服务": "CSI", "热线": "热线", "产品体验": "产品", "品牌关系": "关系"}
    people = {r["owner"]: r for r in _truth(surveyed, "truth_person.csv")}
    seen = defaultdict(int)
    for place, truth in enumerate(_truth(surveyed, "truth_invitation.csv")):
        row = told.get(place)
        if row is None:
            continue
        assert row["问卷类型"] == form[row["触点"]] == truth["instrument"]
        assert row["波次"] == truth["wave"]
        assert row["随机探访"] == ("是" if truth["is_probe"] == "1" else "否")
        assert row["复测"] == ("是" if truth["is_repeat"] == "1" else "否")
        assert row["客户编号"] == people[truth["owner"]]["customer_no"]
        assert row["手机号"] == people[truth["owner"]]["phone"]
        seen[row["随机探访"], row["复测"]] += 1
        if truth["is_probe"] == "1":
            assert people[truth["owner"]]["is_silent"] == "1"
    assert set(seen) == {("否", "否"), ("是", "否"), ("否", "是")}
    assert 0.03 < seen["是", "否"] / sum(seen.values()) < 0.1


def test_a_repeat_names_the_first_answer_of_the_same_customer(surveyed: Path) -> None:
    sent = _current(surveyed, "invitations", "邀请编号")
    answers = {
        r["答卷编号"]: r["邀请编号"] for r in _current(surveyed, "responses", "答卷编号", "指标").values()
    }
    repeats = [r for r in sent.values() if r["复测"] == "是"]
    assert len(repeats) > 50
    assert all((r["首次答卷编号"] != "") == (r["复测"] == "是") for r in sent.values())
    known = [r for r in repeats if r["首次答卷编号"] in answers]
    assert len(known) >= 0.95 * len(repeats)
    for row in known:
        first = sent[answers[row["首次答卷编号"]]]
        assert first["客户编号"] == row["客户编号"] or first["车架号"] == row["车架号"]
        assert first["邀请时间"] < row["邀请时间"]
        assert first["复测"] == "否"


def test_the_app_renames_two_fields_in_the_middle_of_the_window(surveyed: Path) -> None:
    named = defaultdict(set)
    for file in sorted((surveyed / "d" / "owner_app").iterdir()):
        day = (date.fromisoformat(f"{file.name[:4]}-{file.name[4:6]}-{file.name[6:8]}") - END).days + DAYS
        for line in file.read_bytes().splitlines():
            try:
                body = json.loads(line)
            except ValueError:
                continue
            if isinstance(body, dict):
                named[day] |= {"new"} if "content" in body else {"old"} if "comment" in body else set()
    # Feedback of day d arrives on d + 1 (UTC evening of d): a day on either side may hold both.
    assert all(names <= {"old"} for day, names in named.items() if day < DAYS // 2 - 1)
    assert all("new" in names for day, names in named.items() if day > DAYS // 2 + 1)
