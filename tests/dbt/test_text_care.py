"""From the door to the tables: repaired text, noise and repeats, and whose words a verbatim holds."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest

from orchestration.admission.admit import admit_pending
from orchestration.admission.ledger import Ledger
from orchestration.scoring import score_pending, scorer_version
from orchestration.settings import Settings
from orchestration.text_groups import group_pending
from orchestration.warehouse import control, dbt_runner
from tests.dbt.test_real_door import rows, send, settings  # noqa: F401  settings is a fixture

pytestmark = pytest.mark.slow

AGENT = [
    "您好，很高兴为您服务，请问有什么可以帮您？",
    "请稍等，我帮您查询一下，请您保持电话畅通",
    "还有其他可以帮您的吗？祝您用车愉快，请对本次服务进行评价",
]
COMPLAINT = "提车三天中控屏突然黑掉，倒车影像也没有了，店里说没有检测到故障码，让我再观察观察"


def call(number: int, turns: list[tuple[str, str]], at: datetime) -> str:
    stamp = int(at.timestamp() * 1000)
    record = {
        "call_id": f"C{number:06d}",
        "started_at_ms": stamp,
        "ended_at_ms": stamp,
        "updated_at_ms": stamp,
        "status": "active",
        "turns": [{"speaker": speaker, "text": text} for speaker, text in turns],
    }
    return json.dumps(record, ensure_ascii=False) + "\n"


def refresh(settings: Settings, as_of: date) -> None:  # noqa: F811
    admit_pending(settings, as_of)
    with Ledger.open(settings) as ledger:
        score_pending(settings, ledger)
        group_pending(settings, ledger)
        window = control.open_window(settings, ledger, as_of, scorer_version=scorer_version())
    result = dbt_runner.run_build(settings, window.is_full_rebuild)
    assert result.success, result.summary()
    control.close_window(settings, window)


def test_only_the_customers_words_are_repaired_labelled_and_grouped(settings: Settings) -> None:  # noqa: F811
    at = datetime(2026, 3, 2, 10, tzinfo=UTC)
    talk = [
        ("agent", AGENT[0]),
        ("customer", COMPLAINT),
        ("agent", AGENT[1]),
        ("customer", "好的"),
        ("agent", AGENT[2]),
    ]
    lines = [
        call(1, talk, at),
        call(2, [("agent", AGENT[0]), ("customer", "剎車(chē)異響，請儘快處理"), ("agent", AGENT[2])], at),
        call(3, [("agent", AGENT[0]), ("customer", "测试"), ("agent", AGENT[1])], at),
        call(4, [("agent", AGENT[0]), ("agent", AGENT[1])], at),
        call(5, [("customer", COMPLAINT.replace("突然", "忽然") + "😡")], at),
    ]
    send(settings, "call_center", "calls.jsonl", "".join(lines).encode(), at)
    refresh(settings, date(2026, 3, 2))

    voices = rows(
        settings,
        "select source_voice_no, verbatim, verbatim_repaired, noise_reason, customer_char_count"
        " from core.fct_feedback order by 1",
    )
    by_call = {voice[0]: voice[1:] for voice in voices}
    assert by_call["C000001"] == (f"{COMPLAINT}\n好的", None, None, len(COMPLAINT) - 3 + 2)
    assert by_call["C000002"] == ("剎車(chē)異響，請儘快處理", "刹车异响，请尽快处理", None, 9)
    assert by_call["C000003"][2] == "test"
    assert by_call["C000005"][1].endswith("[愤怒]")
    # A call in which only the agent spoke holds no word of a customer.
    assert by_call.get("C000004", (None,))[0] is None
    texts = " ".join(str(one[1]) for one in voices)
    for phrase in ("高兴为您服务", "帮您查询", "祝您用车愉快"):
        assert phrase not in texts
    repeats = rows(
        settings,
        "select f.source_voice_no, r.group_kind, r.group_size, r.is_origin from core.bridge_feedback_repeat r"
        " join core.fct_feedback f using (feedback_id) order by 1",
    )
    assert [one[:3] for one in repeats] == [("C000001", "edited", 2), ("C000005", "edited", 2)]
    assert sum(one[3] for one in repeats) == 1

    # A later day brings a third edit: the old voices' view of the group changes with it, in a daily build.
    later = datetime(2026, 3, 3, 10, tzinfo=UTC)
    send(
        settings,
        "call_center",
        "more.jsonl",
        call(6, [("customer", "帮转：" + COMPLAINT)], later).encode(),
        later,
    )
    refresh(settings, date(2026, 3, 3))
    assert rows(
        settings, "select distinct group_size, count(*) from core.bridge_feedback_repeat group by 1"
    ) == [(3, 3)]
    raw = rows(settings, "select count(*), count(distinct text_group_id) from raw.text_group")
    assert raw == [(3, 1)]
