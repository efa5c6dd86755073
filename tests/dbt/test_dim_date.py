"""The calendar agrees with chinesecalendar, day by day, for the years it claims to know."""

from __future__ import annotations

import csv
from datetime import date, timedelta

import chinese_calendar
import duckdb
import pytest

from orchestration.settings import PROJECT_ROOT
from tests.dbt.conftest import Warehouse

SEED = PROJECT_ROOT / "dbt_project" / "seeds" / "cn_holiday_exception.csv"
FIRST, LAST = date(2018, 1, 1), date(2026, 12, 31)


@pytest.mark.slow
def test_workdays_and_holidays_agree_day_by_day(built: Warehouse) -> None:
    with duckdb.connect(str(built.path), read_only=True) as connection:
        rows = connection.execute(
            "select calendar_date, is_workday, is_holiday, is_makeup_workday from core.dim_date "
            "where is_holiday_known order by 1"
        ).fetchall()
    assert (rows[0][0], rows[-1][0]) == (FIRST, LAST)
    assert len(rows) == (LAST - FIRST).days + 1
    holidays, workdays = chinese_calendar.constants.holidays, chinese_calendar.constants.workdays
    for day, is_workday, is_holiday, is_makeup in rows:
        assert is_workday == chinese_calendar.is_workday(day), day
        assert is_holiday == (day in holidays), day
        assert is_makeup == (day in workdays), day


def test_the_seed_is_complete_and_sorted() -> None:
    with SEED.open(encoding="utf-8", newline="") as stream:
        days = [date.fromisoformat(row["exception_date"]) for row in csv.DictReader(stream)]
    known = {*chinese_calendar.constants.holidays, *chinese_calendar.constants.workdays}
    assert days == sorted(day for day in known if FIRST <= day <= LAST)


@pytest.mark.slow
def test_unknown_years_fall_back_to_weekends_and_say_so(built: Warehouse) -> None:
    with duckdb.connect(str(built.path), read_only=True) as connection:
        rows = connection.execute(
            "select calendar_date, is_workday, is_holiday from core.dim_date where not is_holiday_known"
        ).fetchall()
    assert min(rows)[0] == LAST + timedelta(days=1)
    assert all(
        is_workday == (day.isoweekday() <= 5) and not is_holiday for day, is_workday, is_holiday in rows
    )
