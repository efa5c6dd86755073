"""Customers' journeys as published: the one that spans the most sources, told in order.

Pseudonyms, codes and times only: no key of a phone or mail and no text stands in the table this reads.
What an event is and whose is said by `core.fct_journey_event`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from orchestration.publishing.query import run_query
from orchestration.settings import Settings

_COLUMNS = (
    "person_id, event_date, day_event_no, occurred_at, is_time_known, source_channel, event_kind, detail_zh,"
    " person_basis, vehicle_model_code, city_zh, vehicle_age_months"
)
MAX_EVENTS = 40
# Sources first, then sources of voices, then few events: a journey that can be read, always the same one.
# A fleet has hundreds of events and every source; it comes in only where nobody has fewer.
WIDEST_JOURNEY_SQL = f"""
with widest as (
    select person_id from core.fct_journey_event
    group by person_id
    order by case when count(*) <= {MAX_EVENTS} then 0 else 1 end,
        count(distinct source_channel) desc,
        count(distinct case when event_kind = 'voice' then source_channel end) desc,
        count(*) asc, person_id asc
    limit 1
)
select {_COLUMNS} from core.fct_journey_event
where person_id in (select person_id from widest)
order by event_date, day_event_no
"""


@dataclass(frozen=True)
class JourneyEvent:
    """One event of a journey; `occurred_at` (UTC) is the day's begin in Shanghai unless `is_time_known`."""

    person_id: str
    event_date: date
    day_event_no: int
    occurred_at: datetime
    is_time_known: bool
    source_channel: str
    event_kind: str
    detail_zh: str | None
    person_basis: str
    vehicle_model_code: str | None
    city_zh: str | None
    vehicle_age_months: int | None


def widest_journey(settings: Settings, audience: str = "bi") -> list[JourneyEvent]:
    """Return the published journey of at most 40 events over the most sources, in order; empty without one.

    Raises:
        QueryError: nothing is published for the audience, or it may not read journeys.

    """
    return [JourneyEvent(*row) for row in run_query(settings, audience, WIDEST_JOURNEY_SQL).rows]
