"""The SQL behind the brief, as functions of the business day.

Every statement runs unchanged with `voc sql --audience voice "…"`; the page prints the main ones.
"""

from __future__ import annotations

from datetime import date, timedelta

PERIOD_DAYS = 28
QUOTES_PER_ASPECT = 3
SAFETY_SHOWN = 8
ASPECTS_SHOWN = 10
SURVEY_WINDOW_DAYS = 90
# Strongest first; the page states this order in words.
_STRENGTH = (
    "case m.urgency when 'safety' then 0 when 'immobilised' then 1 when 'function' then 2 "
    "when 'comfort' then 3 when 'wish' then 4 else 5 end, m.polarity, "
    "m.intensity desc, m.confidence desc, m.feedback_date desc, "
    "m.mention_id"
)


def period(as_of: date) -> tuple[date, date]:
    """Return the first day of the prior four weeks and of the last four weeks ending at `as_of`."""
    return as_of - timedelta(days=2 * PERIOD_DAYS - 1), as_of - timedelta(days=PERIOD_DAYS - 1)


def data_status() -> str:
    """Status of every enabled or disabled channel."""
    return "select * from reports.rpt_data_status order by is_enabled desc, channel"


def daily_voices(as_of: date) -> str:
    """Voices by channel and day in the last four weeks."""
    return f"""select channel, feedback_date, count(*) as voice_count
from core.fct_feedback
where feedback_date between date '{period(as_of)[1]}' and date '{as_of}'
group by all order by all"""


def totals(as_of: date) -> str:
    """Voices, authors and how they are known, in both periods; one row."""
    before, last = period(as_of)
    return f"""select
    count(*) filter (where feedback_date >= date '{last}') as voice_count,
    count(*) filter (where feedback_date < date '{last}') as prior_voice_count,
    count(distinct author_key) filter (where feedback_date >= date '{last}') as author_count,
    count(distinct author_key) filter (where feedback_date >= date '{last}' and author_key_basis = 'voice')
        as unknown_author_count,
    count(*) filter (where feedback_date >= date '{last}' and sentiment_polarity = -1)
        as negative_voice_count,
    count(*) filter (where feedback_date >= date '{last}' and sentiment_polarity is not null)
        as scored_voice_count,
    (select min(feedback_date) from core.fct_feedback) as first_feedback_date
from core.fct_feedback
where feedback_date between date '{before}' and date '{as_of}'"""


def top_aspects(as_of: date) -> str:
    """Return the aspects most customers spoke of in the last four weeks, beside the four before."""
    before, last = period(as_of)
    return f"""select
    a.aspect_code, a.label_zh, a.l1_label_zh, a.department_zh,
    count(distinct f.author_key) filter (where f.feedback_date >= date '{last}') as customers,
    count(distinct f.author_key) filter (where f.feedback_date < date '{last}') as prior_customers,
    count(*) filter (where f.feedback_date >= date '{last}') as voices,
    count(*) filter (where f.feedback_date >= date '{last}' and m.polarity = -1) as negative_voices,
    count(*) filter (where f.feedback_date >= date '{last}' and m.polarity = 0) as neutral_voices,
    count(*) filter (where f.feedback_date >= date '{last}' and m.polarity = 1) as positive_voices,
    count(*) filter (where f.feedback_date >= date '{last}' and m.is_safety) as safety_voices
from core.fct_feedback_mention as m
inner join core.fct_feedback as f on m.feedback_id = f.feedback_id
inner join core.dim_aspect as a on m.aspect_code = a.aspect_code
where f.feedback_date between date '{before}' and date '{as_of}'
    and m.feedback_date between date '{before}' and date '{as_of}'
group by all
having customers > 0
order by customers desc, voices desc, a.aspect_code
limit {ASPECTS_SHOWN}"""


def weekly_customers(as_of: date) -> str:
    """Distinct customers by aspect and week; week 0 is the oldest of eight."""
    before, _ = period(as_of)
    return f"""select m.aspect_code, (f.feedback_date - date '{before}') // 7 as week,
    count(distinct f.author_key) as customers
from core.fct_feedback_mention as m
inner join core.fct_feedback as f on m.feedback_id = f.feedback_id
where f.feedback_date between date '{before}' and date '{as_of}'
    and m.feedback_date between date '{before}' and date '{as_of}'
group by all order by all"""


def quotes(as_of: date) -> str:
    """Candidates for quotes by aspect, strongest first; one per customer and per repeated text."""
    _, last = period(as_of)
    return f"""with ranked as (
    select m.aspect_code, m.feedback_id, m.channel, m.feedback_date, m.polarity, m.urgency, m.evidence_start,
        m.evidence_end, m.evidence_text, f.verbatim, f.series_zh,
        row_number() over (partition by m.aspect_code order by {_STRENGTH}) as strength,
        row_number() over (partition by m.aspect_code, f.author_key order by {_STRENGTH}) as author_rank,
        row_number() over (
            partition by m.aspect_code, coalesce(f.repeat_group_id, f.feedback_id) order by {_STRENGTH}
        ) as repeat_rank
    from core.fct_feedback_mention as m
    inner join core.fct_feedback as f on m.feedback_id = f.feedback_id
    where m.feedback_date between date '{last}' and date '{as_of}'
        and f.feedback_date between date '{last}' and date '{as_of}'
        and f.verbatim is not null
)
select * from ranked
where author_rank = 1 and repeat_rank = 1
qualify row_number() over (partition by aspect_code order by strength) <= {4 * QUOTES_PER_ASPECT}
order by aspect_code, strength"""


def safety_voices(as_of: date) -> str:
    """Safety voices of the last four weeks, one row each, newest first."""
    _, last = period(as_of)
    return f"""select
    feedback_id, feedback_date, channel, any_value(series_zh) as series_zh, any_value(model_zh) as model_zh,
    list(aspect_label_zh order by intensity desc, confidence desc, mention_id) as aspects,
    list(department_zh order by intensity desc, confidence desc, mention_id) as departments,
    first(evidence_text order by intensity desc, confidence desc, mention_id) as evidence_text,
    any_value(verbatim) as verbatim, max(intensity) as intensity,
    coalesce(any_value(repeat_group_id), feedback_id) as repeat_group
from reports.rpt_safety_watch
where feedback_date between date '{last}' and date '{as_of}'
group by feedback_id, feedback_date, channel
order by feedback_date desc, intensity desc, feedback_id"""


def safety_total_before(as_of: date) -> str:
    """Return the number of safety voices in the prior four weeks."""
    before, last = period(as_of)
    return f"""select count(distinct feedback_id) as voice_count from reports.rpt_safety_watch
where feedback_date >= date '{before}' and feedback_date < date '{last}'"""


def nps(as_of: date) -> str:
    """Net promoter scores by type and touchpoint, with interval."""
    return f"""select survey_type, touchpoint, response_count, answer_count, nps as value, nps_low as low,
    nps_high as high, is_suppressed, suppression_reason_zh, interval_method
from reports.rpt_nps
where report_date = date '{as_of}' and window_days = {SURVEY_WINDOW_DAYS}
order by survey_type, touchpoint"""


def csat(as_of: date) -> str:
    """Top-two-box satisfaction by type and touchpoint in percent, with interval."""
    return f"""select survey_type, touchpoint, response_count, answer_count, 100 * top_two_rate as value,
    100 * top_two_rate_low as low, 100 * top_two_rate_high as high, is_suppressed, suppression_reason_zh,
    interval_method
from reports.rpt_csat
where report_date = date '{as_of}' and window_days = {SURVEY_WINDOW_DAYS}
order by survey_type, touchpoint"""
