"""Complaint cases and contacts with their handling minutes and cost.

Every voice that reaches a desk is a contact; before the window, contacts follow from troubles alone. Cases
are faster once each problem has an owner (X07); enquiries are answered automatically in pilot cities, then
everywhere (X08).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sample_oem.business.frames import NONE, Frame, Scene, at, numbers, stack, texts, timeline, zero_filled
from sample_oem.catalogue import ASPECTS, SAFETY_ASPECTS
from sample_oem.events import Problems, Voices
from sample_oem.places import CITIES

CHANNEL = "crm"
CODES = np.array([a.code for a in ASPECTS], dtype=object)
_IS_SAFETY = np.array([a.code in SAFETY_ASPECTS for a in ASPECTS])
# Channel of voices → contact channel, minutes (mean), cents per minute.
DESKS: dict[str, tuple[str, float, int]] = {
    "call_center": ("电话", 7.5, 185),
    "online_chat": ("在线", 5.5, 110),
    "customer_mail": ("邮件", 9.0, 95),
    "owner_app": ("App", 3.0, 80),
    "private_group": ("社群", 2.5, 70),
}
_HISTORY_DAYS = 400
_AUTO_BEFORE = 0.1  # share of enquiries answered automatically before X08


@dataclass(frozen=True)
class Cases:
    """Complaint cases: row of the trouble, number, day opened and solved (``NONE``), team speed."""

    problem: np.ndarray
    case_no: np.ndarray
    opened: np.ndarray
    solved: np.ndarray
    owner: np.ndarray
    severity: np.ndarray
    codes: np.ndarray
    key: np.ndarray

    def truth(self) -> Frame:
        """Return which trouble each case is about."""
        return {"case_no": self.case_no, "problem": self.problem, "aspect": self.codes}


def graded(problems: Problems, row: np.ndarray) -> np.ndarray:
    """Severity 1..4 as graded when the case is opened; 4 is danger."""
    danger = _IS_SAFETY[problems.aspect[row]] & (problems.severity[row] == 3)
    return np.where(danger, 4, problems.severity[row])


def cases(scene: Scene, problems: Problems) -> tuple[Cases, dict[tuple[str, str], Frame]]:
    """Cases with their states: responded, solved, closed or reopened."""
    streams = scene.streams
    row = np.flatnonzero(problems.is_case & (problems.day < scene.days))
    key = problems.key[row]
    opened = problems.day[row] + streams.below("case/open", 4, key)
    pace = np.where(opened >= scene.opens("x07"), scene.planted.owner_scheme, 1.0)
    severity = graded(problems, row)
    wait = np.exp(3.0 + 0.12 * severity + 0.5 * streams.normal("case/solve", key)) * pace
    solved = np.where(problems.is_resolved[row], opened + 1 + wait.astype(int), NONE)
    found = Cases(
        row,
        numbers("CS", row, 9),
        opened,
        solved,
        problems.owner[row],
        severity,
        CODES[problems.aspect[row]],
        key,
    )
    return found, {(CHANNEL, "complaint_case"): _case_versions(scene, problems, found, pace)}


def _case_versions(scene: Scene, problems: Problems, found: Cases, pace: np.ndarray) -> Frame:
    streams, key = scene.streams, found.key
    second = scene.second("case", key)
    opened_at = at(found.opened, second)
    responded = opened_at + (3600 * np.exp(1.6 + 0.8 * streams.normal("case/respond", key)) * pace).astype(
        np.int64
    )
    # Cases are closed after five weeks whether solved or not; some of the unsolved come back.
    closed = np.where(found.solved == NONE, found.opened + 35, found.solved + 3)
    reopened = np.where((found.solved == NONE) & (streams.chance("reopen", key) < 0.2), closed + 6, NONE)
    normal = problems.aspect[found.problem] == [a.code for a in ASPECTS].index("INT-QUI")
    kind = streams.pick("case/how", [0.45, 0.2, 0.1, 0.23, 0.02], key)
    resolution = texts(
        ("维修", "换件", "补偿", "解释", "退换"),
        np.where(normal & (streams.chance("normal", key) < 0.7), 3, kind),
    )
    n, empty = len(key), np.full(len(key), NONE)
    blank = np.full(n, "", dtype=object)
    base = {
        "case_no": found.case_no,
        "customer_no": texts(scene.world.customers.number, found.owner),
        "vin": texts(scene.world.vehicles.vin, problems.vehicle[found.problem]),
        "source_channel": texts(
            ("热线", "在线", "邮件", "投诉网站", "经销商", "社交媒体"),
            streams.pick("case/from", [0.45, 0.18, 0.04, 0.15, 0.15, 0.03], key),
        ),
        "aspect_tag": found.codes,
        "severity": found.severity.astype(np.int64),
        "first_responded_at": empty,
        "resolved_at": empty,
        "closed_at": empty,
        "resolution": blank,
        "is_confirmed_by_customer": blank,
        "team": texts(
            ("TEAM-QUALITY", "TEAM-SERVICE", "TEAM-SALES"), streams.pick("case/team", [0.5, 0.4, 0.1], key)
        ),
        "opened_at": opened_at,
    }
    solved_at = at(found.solved, second + 900)
    says = np.where(streams.chance("confirm", key) < 0.85, "true", "false").astype(object)
    none = np.where(found.solved == NONE, "无", resolution).astype(object)
    return timeline(
        base,
        [
            (opened_at, {"status": "已受理"}),
            (responded, {"status": "处理中", "first_responded_at": responded}),
            (
                solved_at,
                {
                    "status": "已解决",
                    "resolved_at": solved_at,
                    "resolution": resolution,
                    "is_confirmed_by_customer": says,
                },
            ),
            (
                at(closed, second + 1800),
                {"status": "已关闭", "closed_at": at(closed, second + 1800), "resolution": none},
            ),
            (at(reopened, second), {"status": "重开"}),
        ],
    )


def record(
    scene: Scene, problems: Problems, voices: dict[str, Voices], found: Cases
) -> dict[tuple[str, str], Frame]:
    """All contacts; those of the window name the voice where its number is known."""
    parts = [_of_voices(scene, name, voices[name], found) for name in DESKS if name in voices]
    return {(CHANNEL, "contact"): stack([_before(scene, problems, found), *parts])}


def _before(scene: Scene, problems: Problems, found: Cases) -> Frame:
    """Contacts of the time before the window: most troubles brought a call."""
    streams = scene.streams
    rows = np.flatnonzero((problems.day < 0) & (problems.day >= -_HISTORY_DAYS) & (problems.owner >= 0))
    rows = rows[streams.chance("old contact", problems.key[rows]) < 0.8]
    enquiry = streams.chance("old enquiry", problems.key[rows]) < 0.5
    return _contacts(
        scene,
        "call_center",
        np.full(len(rows), "", dtype=object),
        problems.day[rows],
        problems.owner[rows],
        (np.where(enquiry, -1, rows), problems.aspect[rows], np.where(enquiry, 0, -1)),
        "CH",
        found,
    )


def _of_voices(scene: Scene, name: str, voices: Voices, found: Cases) -> Frame:
    known = np.full(len(voices), "", dtype=object)
    if name == "call_center" and len(voices):
        days = (voices.day + scene.first_day).astype("datetime64[D]").astype(str)
        dates = np.char.replace(days, "-", "")
        known = np.char.add(
            np.char.add("CALL", dates), np.char.add("-", zero_filled(np.arange(len(voices)), 6))
        ).astype(object)
    why = (voices.problem, voices.aspect, voices.polarity)
    return _contacts(
        scene, name, known, voices.day, voices.speaker, why, "C" + name[0].upper(), found, voices.second
    )


def _contacts(  # noqa: PLR0913 - one argument per column
    scene: Scene,
    desk: str,
    source: np.ndarray,
    day: np.ndarray,
    owner: np.ndarray,
    why: tuple[np.ndarray, np.ndarray, np.ndarray],
    prefix: str,
    found: Cases,
    second: np.ndarray | None = None,
) -> Frame:
    problem, aspect, polarity = why
    channel, minutes, rate = DESKS[desk]
    people, streams, row = scene.world.customers, scene.streams, np.arange(len(day))
    name = f"contact/{prefix}"
    is_enquiry = polarity >= 0
    city = np.where(owner < 0, -1, people.city[np.maximum(owner, 0)])
    auto, faster = _automatic(scene, name, city, day, is_enquiry)
    spent = np.round(10 * minutes * np.exp(0.55 * streams.normal(name, row))).astype(np.int64)
    spent = np.where(auto, 3, np.maximum(spent, 5))
    wait = 90 * np.exp(0.7 * streams.normal(name + "/wait", row) + _queue(scene, city, day))
    wait = (wait * faster * _slow(scene, day)).astype(np.int64)
    started = at(day, scene.second(name, row) if second is None else second)
    reason = np.where(is_enquiry, "咨询", np.where(streams.chance(name + "/why", row) < 0.6, "报修", "投诉"))
    case = np.full(int(problem.max(initial=0)) + 2, -1)
    inside = found.problem < len(case)
    case[found.problem[inside]] = np.flatnonzero(inside)
    case_row = np.where(problem >= 0, case[problem], -1)
    case_row = np.where(
        (case_row >= 0) & (np.append(found.opened, 0)[np.maximum(case_row, 0)] <= day), case_row, -1
    )
    base = {
        "contact_no": numbers(prefix, row, 9),
        "contact_channel": np.full(len(row), channel, dtype=object),
        "source_voice_no": source,
        "customer_no": texts(people.number, owner),
        "phone": texts(people.phone, owner),
        "contact_reason": reason.astype(object),
        "aspect_tag": CODES[aspect],
        "handling_min": spent,
        "cost_cny": (spent * rate + 5) // 10,
        "case_no": texts(found.case_no, case_row),
        "is_auto_answered": np.where(auto, "true", "false").astype(object),
        "wait_s": wait,
        "cost_centre": np.full(len(row), "CC-CARE", dtype=object),
        "started_at": started,
    }
    return timeline(base, [(started + spent * 6 + 60, {})])


def _automatic(
    scene: Scene, name: str, city: np.ndarray, day: np.ndarray, is_enquiry: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Whether a contact is answered automatically, and by what its waiting time is multiplied (X08).

    Callers whose city nobody knows (-1) are served as the country is: from the roll-out on.
    """
    pilot = np.append(pilot_cities(scene), False)[city]
    live = np.where(pilot, day >= scene.opens("x08_pilot"), day >= scene.opens("x08_rollout"))
    live &= is_enquiry
    share = np.where(live, np.maximum(scene.planted.auto_answer, _AUTO_BEFORE), _AUTO_BEFORE)
    auto = is_enquiry & (scene.streams.chance(name + "/auto", np.arange(len(day))) < share)
    return auto, np.where(live, scene.planted.auto_wait, 1.0)


def pilot_cities(scene: Scene) -> np.ndarray:
    """Cities of the first stage of automatic answers: one in eight of those with a dealer, by lot.

    By lot and few: comparing them with the others is honest, but only if cities are counted, not calls.
    """
    ours = np.unique(scene.world.dealers.city)
    ticket = scene.streams.chance("x08/lot", ours)
    drawn = ours[np.argsort(ticket, kind="stable")][: max(1, len(ours) // 8)]
    out = np.zeros(len(CITIES), dtype=bool)
    out[drawn] = True
    return out


def _queue(scene: Scene, city: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Log of how much longer a city's callers wait: lastingly, and in some months."""
    month = (day + scene.first_day) // 28
    lasting = 0.20 * scene.streams.normal("queue/city", city)
    return lasting + 0.12 * scene.streams.normal("queue/month", city, month)


def _slow(scene: Scene, day: np.ndarray) -> np.ndarray:
    """Slow hotline of X06: waiting grows by half while it lasts."""
    return np.where(day >= scene.opens("x06"), 1.5, 1.0)
