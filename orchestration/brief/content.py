"""What the brief says: rows of a published version turned into sentences' worth of facts.

Nothing here knows HTML (see `render`), nothing here computes a metric the warehouse already has:
counts are counted by the SQL in `queries`, here they are compared, cut and put in words.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb

from orchestration.brief import queries
from orchestration.partitions import BUSINESS_ZONE
from orchestration.publishing.query import QueryError, open_published
from orchestration.publishing.versions import AudienceStore
from orchestration.settings import Settings

AUDIENCE = "voice"
_CONTEXT_CHARS = 46
# Difference of two Poisson counts: beyond this many standard deviations it is called a change.
_CHANGE_Z = 1.96
# Below this many answers the interval is shown with a warning.
SMALL_SAMPLE = 100
_URGENCY_ZH = {
    "safety": "安全",
    "immobilised": "趴窝",
    "function": "功能失效",
    "comfort": "舒适",
    "wish": "期望",
}
_SURVEY_ZH = {"relationship": "关系调研", "touchpoint": "触点调研", "unknown": "触点不明"}

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Quote:
    """Part of a verbatim: text before the evidence, the evidence, text after it."""

    before: str
    evidence: str
    after: str
    channel: str
    day: date
    series: str
    polarity: int
    urgency: str = ""


@dataclass(frozen=True)
class Change:
    """A count beside the same count four weeks earlier."""

    now: int
    before: int
    is_comparable: bool

    @property
    def is_notable(self) -> bool:
        """Tell whether the difference is larger than chance makes it (two Poisson counts)."""
        return (
            self.is_comparable and abs(self.now - self.before) > _CHANGE_Z * (self.now + self.before) ** 0.5
        )

    @property
    def arrow(self) -> str:
        """Direction as a sign."""
        return "▲" if self.now > self.before else "▼" if self.now < self.before else "＝"

    @property
    def sentence(self) -> str:
        """The difference in words, with what it is compared to."""
        return f"较上期 {self.text}" if self.is_comparable and self.before else self.text

    @property
    def text(self) -> str:
        """The difference in words."""
        if not self.is_comparable:
            return "无可比上期"
        if self.before == 0:
            return "上期为 0" if self.now else "两期均为 0"
        difference = self.now - self.before
        return f"{difference:+d}（{difference / self.before:+.0%}）"


@dataclass(frozen=True)
class ChannelStatus:
    """One line of the data status."""

    row: Row
    label: str
    problems: tuple[str, ...]
    daily: tuple[int, ...]
    last_received: str

    @property
    def notes(self) -> tuple[str, ...]:
        """What somebody should do, although the figures stand."""
        waiting = self.row["quarantined_open_count"]
        return (f"{waiting:,} 条隔离待处理",) if waiting and not self.is_off else ()

    @property
    def is_off(self) -> bool:
        """Tell whether the channel is switched off."""
        return not self.row["is_enabled"]


@dataclass(frozen=True)
class SafetyVoice:
    """One voice that speaks of safety."""

    quote: Quote
    aspects: tuple[str, ...]
    department: str
    same_text: int


@dataclass(frozen=True)
class AspectLine:
    """One of the most mentioned aspects."""

    rank: int
    row: Row
    change: Change
    weekly: tuple[int, ...]
    quotes: tuple[Quote, ...]


@dataclass(frozen=True)
class SurveyLine:
    """One survey score with its interval, or the reason why there is none."""

    label: str
    n: int
    value: float | None
    low: float | None
    high: float | None
    note: str


@dataclass(frozen=True)
class Brief:
    """Everything the page shows."""

    version_id: str
    window_key: str
    as_of: date
    prior_from: date
    last_from: date
    totals: Row
    voices: Change
    safety: Change
    channels: tuple[ChannelStatus, ...]
    safety_voices: tuple[SafetyVoice, ...]
    aspects: tuple[AspectLine, ...]
    nps: tuple[SurveyLine, ...]
    csat: tuple[SurveyLine, ...]
    sql: Mapping[str, str]

    @property
    def problems(self) -> list[tuple[str, tuple[str, ...]]]:
        """Channels that need a person to look, with what is wrong."""
        return [(channel.label, channel.problems) for channel in self.channels if channel.problems]

    @property
    def is_comparable(self) -> bool:
        """Tell whether the prior four weeks are covered by data."""
        return self.voices.is_comparable


def read_brief(settings: Settings) -> Brief:
    """Read the current published version of audience `voice`.

    Raises:
        QueryError: nothing published yet, or the version lacks a table the brief needs.

    """
    with open_published(settings, AUDIENCE) as (connection, folder):
        manifest = AudienceStore(settings, AUDIENCE).manifest(folder.name) or {}
        try:
            return _read(connection, folder.name, manifest)
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            raise QueryError(
                f"version {folder.name} lacks a table or column of the brief: {error}"
            ) from error


def _read(connection: duckdb.DuckDBPyConnection, version_id: str, manifest: Row) -> Brief:
    as_of = date.fromisoformat(manifest["as_of"])
    prior_from, last_from = queries.period(as_of)
    totals = _rows(connection, queries.totals(as_of))[0]
    first_day = totals["first_feedback_date"]
    is_comparable = first_day is not None and first_day <= prior_from
    labels = {row["channel"]: row["label_zh"] for row in _rows(connection, "select * from core.dim_channel")}
    safety_rows = _rows(connection, queries.safety_voices(as_of))
    safety_before = _rows(connection, queries.safety_total_before(as_of))[0]["voice_count"]
    return Brief(
        version_id=version_id,
        window_key=manifest["created_from"],
        as_of=as_of,
        prior_from=prior_from,
        last_from=last_from,
        totals=totals,
        voices=Change(totals["voice_count"], totals["prior_voice_count"], is_comparable),
        safety=Change(len(safety_rows), safety_before, is_comparable),
        channels=_channels(connection, as_of, last_from),
        safety_voices=_safety(safety_rows, labels),
        aspects=_aspects(connection, as_of, labels, is_comparable=is_comparable),
        nps=_survey(_rows(connection, queries.nps(as_of))),
        csat=_survey(_rows(connection, queries.csat(as_of))),
        sql={
            "十大话题": queries.top_aspects(as_of),
            "安全原声": queries.safety_voices(as_of),
            "净推荐值": queries.nps(as_of),
        },
    )


def _rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    cursor = connection.execute(sql)
    names = [item[0] for item in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _channels(
    connection: duckdb.DuckDBPyConnection, as_of: date, last_from: date
) -> tuple[ChannelStatus, ...]:
    by_day: dict[str, dict[date, int]] = defaultdict(dict)
    for row in _rows(connection, queries.daily_voices(as_of)):
        by_day[row["channel"]][row["feedback_date"]] = row["voice_count"]
    days = [last_from + timedelta(days=n) for n in range(queries.PERIOD_DAYS)]
    return tuple(
        ChannelStatus(
            row=row,
            label=row["label_zh"] or row["channel"],
            problems=_problems(row),
            daily=tuple(by_day[row["channel"]].get(day, 0) for day in days)
            if row["channel"] in by_day
            else (),
            last_received=_business_minute(row["last_received_at"]),
        )
        for row in _rows(connection, queries.data_status())
    )


def _problems(row: Row) -> tuple[str, ...]:
    if not row["is_enabled"]:
        return ()
    found = []
    if row["is_stale"]:
        never = row["last_received_at"] is None
        found.append(
            "从未收到数据"
            if never
            else f"已 {_hours(row['stale_hours'])}未更新（上限 {row['stale_after_h']} 小时）"
        )
    if row["equations_closed"] is False:
        found.append("收数等式未闭合")
    if row["withheld_delivery_count"]:
        found.append(f"{row['withheld_delivery_count']} 批数据被扣留")
    return tuple(found)


def _hours(hours: Any) -> str:
    if hours is None:
        return ""
    value = float(hours)
    return f"{value / 24:.1f} 天" if value >= 48 else f"{value:.0f} 小时"


def _business_minute(instant: datetime | None) -> str:
    if instant is None:
        return "—"
    return f"{instant.replace(tzinfo=UTC).astimezone(BUSINESS_ZONE):%m-%d %H:%M}"


def _safety(rows: Sequence[Row], labels: Mapping[str, str]) -> tuple[SafetyVoice, ...]:
    copies: dict[str, int] = defaultdict(int)
    for row in rows:
        copies[row["repeat_group"]] += 1
    voices, seen = [], set()
    for row in rows:
        if row["repeat_group"] in seen:
            continue
        seen.add(row["repeat_group"])
        voices.append(
            SafetyVoice(
                quote=_quote({**row, "polarity": -1, "urgency": "safety"}, labels),
                aspects=tuple(dict.fromkeys(label for label in row["aspects"] if label)),
                department=next((name for name in row["departments"] if name), ""),
                same_text=copies[row["repeat_group"]],
            )
        )
    return tuple(voices[: queries.SAFETY_SHOWN])


def _aspects(
    connection: duckdb.DuckDBPyConnection, as_of: date, labels: Mapping[str, str], *, is_comparable: bool
) -> tuple[AspectLine, ...]:
    weekly: dict[str, list[int]] = defaultdict(lambda: [0] * 8)
    for row in _rows(connection, queries.weekly_customers(as_of)):
        weekly[row["aspect_code"]][row["week"]] = row["customers"]
    candidates: dict[str, list[Row]] = defaultdict(list)
    for row in _rows(connection, queries.quotes(as_of)):
        candidates[row["aspect_code"]].append(row)
    quoted: set[str] = set()
    lines = []
    for rank, row in enumerate(_rows(connection, queries.top_aspects(as_of)), start=1):
        chosen = _choose(candidates[row["aspect_code"]], quoted)
        quoted.update(quote[name] for quote in chosen for name in ("feedback_id", "verbatim"))
        lines.append(
            AspectLine(
                rank=rank,
                row=row,
                change=Change(row["customers"], row["prior_customers"], is_comparable),
                weekly=tuple(weekly[row["aspect_code"]]),
                quotes=tuple(_quote(quote, labels) for quote in chosen),
            )
        )
    return tuple(lines)


def _choose(candidates: Sequence[Row], quoted: set[str]) -> list[Row]:
    """Take the strongest; a voice or text quoted higher up the page only if there are not enough others."""
    fresh: list[Row] = []
    used: list[Row] = []
    texts = set(quoted)
    for row in candidates:
        (used if texts & {row["feedback_id"], row["verbatim"]} else fresh).append(row)
        texts.add(row["verbatim"])
    chosen = (fresh + used)[: queries.QUOTES_PER_ASPECT]
    return sorted(chosen, key=lambda row: row["strength"])


def _quote(row: Row, labels: Mapping[str, str]) -> Quote:
    before, evidence, after = excerpt(
        row["verbatim"] or "", row["evidence_text"] or "", row.get("evidence_start")
    )
    return Quote(
        before=before,
        evidence=evidence,
        after=after,
        channel=labels.get(row["channel"]) or row["channel"],
        day=row["feedback_date"],
        series=clean(row["series_zh"] or ""),
        polarity=row["polarity"],
        urgency=_URGENCY_ZH.get(row["urgency"], ""),
    )


def excerpt(verbatim: str, evidence: str, start: int | None) -> tuple[str, str, str]:
    """Return the words around a piece of evidence, the evidence, the words after it.

    `start` counts code points in `verbatim`; if the text there is not the evidence, it is looked
    for, and if it is nowhere the text is returned without a highlight.
    """
    if start is None or verbatim[start : start + len(evidence)] != evidence:
        start = verbatim.find(evidence)
    if not evidence or start < 0:
        return _shorten(verbatim, 2 * _CONTEXT_CHARS), "", ""
    before, after = verbatim[:start], verbatim[start + len(evidence) :]
    if len(before) > _CONTEXT_CHARS:
        before = "…" + _from_a_break(before[-_CONTEXT_CHARS:])
    return (
        clean(before),
        clean(_shorten(evidence, 2 * _CONTEXT_CHARS)),
        clean(_shorten(after, _CONTEXT_CHARS)),
    )


def _from_a_break(text: str) -> str:
    """Drop a broken first clause if another one begins soon after."""
    for position, character in enumerate(text[: _CONTEXT_CHARS // 2]):
        if character in "。！？；，,!?;\n ":
            return text[position + 1 :]
    return text


def _shorten(text: str, limit: int) -> str:
    return clean(text) if len(text) <= limit else clean(text[:limit]) + "…"


def clean(text: str) -> str:
    """Return text on one line without control characters and direction overrides."""
    kept = "".join(" " if c.isspace() else c for c in text if c.isspace() or not _is_unseen(c))
    return re.sub(r" {2,}", " ", kept).strip()


def _is_unseen(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs") or character in _DIRECTION_SIGNS


_DIRECTION_SIGNS = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def _survey(rows: Sequence[Row]) -> tuple[SurveyLine, ...]:
    lines = []
    for row in rows:
        n = row["response_count"]
        note = row["suppression_reason_zh"] or ""
        if not row["is_suppressed"] and n < SMALL_SAMPLE:
            note = f"样本少于 {SMALL_SAMPLE}，仅供参考"
        kind = _SURVEY_ZH.get(row["survey_type"], row["survey_type"] or "")
        value, low, high = (None if row[k] is None else float(row[k]) for k in ("value", "low", "high"))
        lines.append(SurveyLine(f"{kind} · {row['touchpoint']}".strip(" ·"), n, value, low, high, note))
    return tuple(lines)
