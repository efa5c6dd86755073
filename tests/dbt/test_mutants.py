"""Seeded defects, each of which a named check must catch.

A mutant is a change of text in one model or macro, or damage done to the data between two layers.
The mutated model is built on a copy of a sound warehouse, and every check that hangs on it is run.
`pytest -s` prints the table of mutants and the checks that caught them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.warehouse import dbt_runner
from orchestration.warehouse.dbt_runner import BuildResult
from tests.dbt.conftest import Warehouse
from tests.support import sample_history as history

pytestmark = pytest.mark.slow

PREFIX = {"model": "model.voc_warehouse.", "macro": "macro.voc_warehouse."}


@dataclass(frozen=True)
class Mutant:
    """A defect: what is changed, what is built then, and the check that must fail."""

    name: str
    caught_by: str
    build: tuple[str, ...]
    place: str = ""  # model or macro; empty: the data
    old: str = ""
    new: str = ""
    damage: str = ""
    full_refresh: bool = True


MUTANTS = (
    Mutant(
        "swapped columns: first and last receipt", "fct_feedback__rules_hold", ("fct_feedback",), "fct_feedback",
        "min(received_at) as first_received_at,\n        max(received_at) as last_received_at",
        "max(received_at) as first_received_at,\n        min(received_at) as last_received_at",
    ),
    Mutant(
        "swapped columns: promoters and detractors", "agg_nps_daily__counts_every_answer", ("agg_nps_daily",),
        "agg_nps_daily", "where nps_group = 'promoter') as integer) as promoter_count",
        "where nps_group = 'detractor') as integer) as promoter_count",
    ),
    Mutant(
        "swapped columns: evidence start and end", "fct_feedback_mention__rules_hold", ("fct_feedback_mention",),
        "fct_feedback_mention", "texts.text_start + mentions.evidence_start as",
        "texts.text_start + mentions.evidence_end as",
    ),
    Mutant(
        "dropped day", "assert_every_live_voice_is_a_feedback", ("fct_feedback",), "fct_feedback",
        "where live_records.newness_rank = 1",
        "where live_records.newness_rank = 1 and live_records.voice_date <> cast('2026-01-02' as date)",
    ),
    Mutant(
        "dropped channel", "assert_feedback_equals_admitted_voices", ("fct_feedback",), "fct_feedback",
        "where is_voice and not is_deleted", "where is_voice and not is_deleted and channel <> 'forum'",
    ),
    Mutant(
        "doubled channel", "fct_feedback__ids_are_unique", ("fct_feedback",), "fct_feedback",
        "where live_records.newness_rank = 1",
        "cross join range(0, 2) as twice(n)\n    where live_records.newness_rank = 1"
        " and (live_records.channel = 'forum' or twice.n = 0)",
    ),
    Mutant(
        "file read twice", "assert_raw_rows_equal_ledger", ("assert_raw_rows_equal_ledger",),
        damage="create or replace view raw.forum__post as select * from raw_forum union all select * from raw_forum",
    ),
    Mutant(
        "file not read", "assert_raw_rows_equal_ledger", ("assert_raw_rows_equal_ledger",),
        damage="create or replace view raw.forum__post as select * from raw_forum where ingest_date > '2026-01-01'",
    ),
    Mutant(
        "one voice counted per record", "fct_feedback__ids_are_unique", ("fct_feedback",), "fct_feedback",
        "where live_records.newness_rank = 1", "where live_records.newness_rank >= 1",
    ),
    Mutant(
        "older version wins", "assert_every_window_record_is_stored", ("int_feedback_record",), "version_order",
        "version_key desc nulls last", "version_key asc nulls last",
    ),
    Mutant(
        "voice on its last day", "assert_every_voice_lives_on_its_first_day", ("int_feedback_record",),
        "int_feedback_record", "min(event_date) over (partition by feedback_id) as voice_date",
        "max(event_date) over (partition by feedback_id) as voice_date",
    ),
    Mutant(
        "withdrawn voices stay", "assert_every_feedback_has_a_live_record", ("fct_feedback",), "fct_feedback",
        "where is_voice and not is_deleted", "where is_voice",
    ),
    Mutant(
        "partition inserted without delete", "int_feedback_record__records_are_unique", ("int_feedback_record",),
        "get_incremental_partition_replace_sql", "delete from {{ arg_dict['target_relation'] }}\n    where",
        "delete from {{ arg_dict['target_relation'] }}\n    where false and",
        full_refresh=False,
    ),
    Mutant(
        "wrong scale: 1-10 counted as NPS", "fct_survey_response__rules_hold", ("fct_survey_response",),
        "answer_exclusion", "= 'NPS' and {{ scale }} <> '0-10'", "= 'NPS' and {{ scale }} not in ('0-10', '1-10')",
    ),
    Mutant(
        "wrong box: three is satisfied", "fct_survey_response__rules_hold", ("fct_survey_response",),
        "fct_survey_response", "exclusion_reason is null and score >= 4", "exclusion_reason is null and score >= 3",
    ),
    Mutant(
        "relationship and touchpoint mixed", "fct_survey_response__rules_hold", ("fct_survey_response",),
        "survey_type", "then 'relationship'", "then 'touchpoint'",
    ),
    Mutant(
        "CSAT answers in the NPS", "agg_nps_daily__counts_every_answer", ("agg_nps_daily",), "agg_nps_daily",
        "where metric = 'NPS' and", "where",
    ),
    Mutant(
        "broken join: answers without invitation lost", "assert_every_answer_is_a_response",
        ("fct_survey_response",), "fct_survey_response", "left join invitations", "inner join invitations",
    ),
    Mutant(
        "broken join: claim by dealer instead of car", "assert_claims_match_their_vehicle",
        ("fct_warranty_claim_line",), "fct_warranty_claim_line", "on claim_lines.vin_key = vehicles.vin_key",
        "on claim_lines.dealer_code = vehicles.dealer_code",
    ),
    Mutant(
        "broken join: mention totals by aspect only", "fct_feedback_mention__aspects_are_unique_per_feedback",
        ("fct_feedback_mention",), "fct_feedback_mention",
        "on ranked.feedback_id = totals.feedback_id and ranked.aspect_code = totals.aspect_code",
        "on ranked.aspect_code = totals.aspect_code",
    ),
    Mutant(
        "broken join: no score finds its text", "fct_feedback__rules_hold", ("fct_feedback",), "fct_feedback",
        "on texts.record_id = scores.record_id and", "on texts.feedback_id = scores.record_id and",
    ),
    Mutant(
        "evidence one character off", "assert_evidence_is_in_the_verbatim", ("fct_feedback_mention",),
        "fct_feedback_mention", "mentions.evidence_start + 1,", "mentions.evidence_start,",
    ),
    Mutant(
        "weak mentions dropped", "assert_every_scored_mention_is_counted", ("fct_feedback_mention",),
        "fct_feedback_mention", "    from ranked\n    group by", "    from ranked\n    where intensity > 1\n    group by",
    ),
    Mutant(
        "any urgency is safety", "agg_aspect_sentiment_daily__counts_every_mention",
        ("fct_feedback_mention", "agg_aspect_sentiment_daily"), "fct_feedback_mention",
        "ranked.urgency = 'safety' as", "ranked.urgency <> 'none' as",
    ),
    Mutant(
        "refused claims counted as cost", "agg_warranty_claim_cost_monthly__equals_claim_lines",
        ("agg_warranty_claim_cost_monthly",), "agg_warranty_claim_cost_monthly", "where status = '已批准'",
        "where status <> '已申请'",
    ),
    Mutant(
        "NPS adds the detractors", "rpt_nps__rules_hold", ("rpt_nps",), "rpt_nps",
        "promoter_share - detractor_share as net_share", "promoter_share + detractor_share as net_share",
    ),
    Mutant(
        "small samples shown", "rpt_csat__rules_hold", ("rpt_csat",), "minimum_sample", "50", "5",
    ),
    Mutant(
        "scores of a day lost", "assert_every_text_is_scored", ("assert_every_text_is_scored",),
        damage="delete from intermediate.int_feedback_score where voice_date = '2026-01-02'",
    ),
    Mutant(
        "texts of a day lost", "assert_feedback_equals_admitted_voices", ("fct_feedback",),
        damage="delete from intermediate.int_feedback_text where voice_date = '2026-01-02'",
    ),
    Mutant(
        "mentions kept after their voice went", "assert_every_mention_has_a_feedback",
        ("assert_every_mention_has_a_feedback",), damage="delete from core.fct_feedback where channel = 'call_center'",
    ),
)  # fmt: skip


@pytest.fixture(scope="module")
def sound(built: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """A warehouse with a voice of two receipts, an answer without invitation, and NPS above the minimum."""
    warehouse = built.copy(tmp_path_factory.mktemp("sound") / "home")
    home, day = warehouse.home, history.FIRST_DAY + timedelta(days=2)
    home.deliver(
        "complaint_site", "complaint", history.received(day, 9),
        [history.complaint(1, history.FIRST_DAY + timedelta(days=1), problem="转向系统")],
    )  # fmt: skip
    home.deliver("survey", "invitation", history.received(day, 10), [
        history.invitation(n, day, touchpoint="售后服务") for n in range(5000, 5060)
    ])  # fmt: skip
    answers = [row for n in range(5000, 5061) for row in history.answers(n, day)]
    home.deliver("survey", "response", history.received(day, 10), answers)
    result = warehouse.refresh(day, full=True)
    assert result.success, result.summary()
    return warehouse


@pytest.fixture
def patched(manifest: Any) -> Iterator[Callable[[Mutant], Any]]:
    """Change the text of a model or macro in the parsed project, for one test."""
    undo: list[tuple[Any, str, str]] = []

    def patch(mutant: Mutant) -> Any:
        if not mutant.place:
            return manifest
        node = manifest.nodes.get(PREFIX["model"] + mutant.place)
        attribute = "raw_code" if node else "macro_sql"
        thing = node or manifest.macros[PREFIX["macro"] + mutant.place]
        text = getattr(thing, attribute)
        assert mutant.old in text, f"{mutant.place} no longer says {mutant.old!r}"
        undo.append((thing, attribute, text))
        setattr(thing, attribute, text.replace(mutant.old, mutant.new))
        return manifest

    yield patch
    for thing, attribute, text in undo:
        setattr(thing, attribute, text)


def build(warehouse: Warehouse, mutant: Mutant, manifest: Any) -> BuildResult:
    arguments = ["build", "--exclude-resource-type", "unit_test", "--select", *mutant.build]
    if mutant.full_refresh:
        arguments.append("--full-refresh")
    return dbt_runner.invoke(warehouse.settings, arguments, manifest=manifest)


def test_there_are_enough_mutants() -> None:
    assert len(MUTANTS) >= 15
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)


def test_checks_are_silent_without_a_defect(sound: Warehouse, manifest: Any) -> None:
    """Everything that the mutants build passes unmutated (the positive control of the table)."""
    names = sorted({name for mutant in MUTANTS for name in mutant.build})
    control = Mutant("none", "", tuple(names))
    result = build(sound, control, manifest)
    assert result.success, result.summary()
    ran = {node.name for node in result.nodes}
    assert {mutant.caught_by for mutant in MUTANTS} <= ran


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_mutant_is_caught(
    mutant: Mutant, sound: Warehouse, patched: Callable[[Mutant], Any], tmp_path: Path
) -> None:
    warehouse = sound.copy(tmp_path / "home")
    if mutant.damage:
        with duckdb.connect(str(warehouse.path)) as connection:
            connection.execute("create table main.raw_forum as select * from raw.forum__post")
            connection.execute(mutant.damage.replace("raw_forum", "main.raw_forum"))
    result = build(warehouse, mutant, patched(mutant))
    failed = sorted(node.name for node in result.nodes if node.status in {"fail", "error"})
    print(f"\n{mutant.name:48} → {', '.join(failed)}")
    assert mutant.caught_by in failed
