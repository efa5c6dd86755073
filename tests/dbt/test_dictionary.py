"""The data dictionary on disk says what the dbt project says."""

from __future__ import annotations

from orchestration.warehouse import dictionary


def test_dictionary_is_current() -> None:
    found = dictionary.PAGE.read_text(encoding="utf-8")
    assert found == dictionary.render(), "run `python -m orchestration.warehouse.dictionary`"


def test_dictionary_names_every_published_table() -> None:
    text = dictionary.render()
    for table in ("core.fct_feedback", "experience.agg_nps_daily", "finance.agg_warranty_claim_cost_monthly"):
        assert f"### {table}\n" in text
    assert "| verbatim | string |" in text
    assert "（发布给：`voice`）" in text
