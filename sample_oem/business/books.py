"""The books: control totals per period, account, cost centre and kind, and the close calendar.

Totals are sums of the very records the systems deliver (posting date in the period, to the cent), plus
what no record explains: a planted unallocated line, and accruals that the next period takes back. A
closed period can be opened once more when postings come late; its totals then get a second version.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from sample_oem.business.frames import DAY_S, NONE, Frame, Scene, table

CHANNEL = "finance_books"
ACCOUNTS = {
    "配件": ("660101", "保修-配件"),
    "工时": ("660102", "保修-工时"),
    "外协": ("660103", "保修-外协"),
    "运费": ("660104", "保修-运费"),
    "善意": ("660105", "保修-善意索赔"),
    "追偿": ("660190", "供应商追偿"),
    "善意索赔": ("660201", "善意补偿"),
    "客户安抚": ("660202", "客户安抚"),
    "法定退换": ("660203", "法定退换"),
    "联络": ("660301", "客户联络成本"),
}
UNALLOCATED, ACCRUAL = ("660199", "保修-未分摊"), ("660198", "保修-计提")
CLOSE_AFTER_DAYS = 6
Key = tuple[int, str, str, str]


def record(scene: Scene, frames: dict[tuple[str, str], Frame]) -> dict[tuple[str, str], Frame]:
    """Versions of control totals and calendar for every period that was closed by the end of the window."""
    postings = [
        *_claims(frames["warranty_claims", "claim_line"]),
        *_goodwill(frames["crm", "goodwill"]),
        *_contacts(frames["crm", "contact"]),
    ]
    period, account, centre, kind, cents, known = (np.concatenate(c) for c in zip(*postings, strict=True))
    month = _month(scene, period)
    months = np.arange(
        month[known < scene.days * DAY_S].min(initial=_month_of(scene, 0)), _month_of(scene, scene.days)
    )
    totals = _Totals(scene, (month, account, centre, kind, cents, known))
    rows = [row for m in months.tolist() for row in totals.of(m)]
    calendar = [row for m in months.tolist() for row in totals.closing(m)]
    return {
        (CHANNEL, "gl_control_total"): table(_TOTAL, rows),
        (CHANNEL, "close_calendar"): table(_CALENDAR, calendar),
    }


_TOTAL = ("会计期间", "期间起始日", "科目", "科目名称", "成本中心", "口径", "金额", "币种", "_at")
_CALENDAR = ("会计期间", "期间起始日", "期间截止日", "结账日", "结账状态", "_at")


def _month_of(scene: Scene, day: int) -> int:
    return int(np.datetime64(scene.first_day + day, "D").astype("datetime64[M]").astype(int))


def _month(scene: Scene, day: np.ndarray) -> np.ndarray:
    return (day + scene.first_day).astype("datetime64[D]").astype("datetime64[M]").astype(int)


Posting = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def _claims(lines: Frame) -> list[Posting]:
    """Approved amounts in the period of posting; reversals take them back in theirs."""
    out = []
    for status_day, kind, sign in (("过账日期", "发生", 1), ("冲销日期", "冲回", -1)):
        event = (lines[status_day] != NONE) & (lines["状态"] == ("已批准" if sign > 0 else "已冲销"))
        rows = np.flatnonzero(event)
        layer = lines["费用类型"][rows]
        account = np.array([ACCOUNTS[x][0] for x in layer], dtype=object)
        recovery = layer == "追偿"
        what = np.where(recovery, "追偿" if sign > 0 else "冲回", kind).astype(object)
        cents = lines["_net"][rows] * np.where(recovery, -sign, sign)
        out.append(
            (lines[status_day][rows], account, lines["成本中心"][rows], what, cents, lines["_at"][rows])
        )
    return out


def _goodwill(grants: Frame) -> list[Posting]:
    out = []
    for column, status, kind, sign in (
        ("posted_date", "发放", "发生", 1),
        ("reversed_date", "冲销", "冲回", -1),
    ):
        rows = np.flatnonzero((grants[column] != NONE) & (grants["status"] == status))
        account = np.array([ACCOUNTS[x][0] for x in grants["goodwill_kind"][rows]], dtype=object)
        label = np.full(len(rows), kind, dtype=object)
        out.append(
            (
                grants[column][rows],
                account,
                grants["cost_centre"][rows],
                label,
                sign * grants["amount_cny"][rows],
                grants["_at"][rows],
            )
        )
    return out


def _contacts(contacts: Frame) -> list[Posting]:
    n = len(contacts["_at"])
    day = contacts["started_at"] // DAY_S
    account = np.full(n, ACCOUNTS["联络"][0], dtype=object)
    return [
        (
            day,
            account,
            contacts["cost_centre"],
            np.full(n, "发生", dtype=object),
            contacts["cost_cny"],
            contacts["_at"],
        )
    ]


class _Totals:
    """Sums per month; what came after the close makes a second version."""

    def __init__(self, scene: Scene, postings: Posting) -> None:
        self.scene = scene
        month, account, centre, kind, cents, known = postings
        self.sums: dict[int, dict[tuple[str, str, str], list[int]]] = defaultdict(dict)
        self.last_late: dict[int, int] = {}
        closes = {m: self.close_second(m) for m in np.unique(month).tolist()}
        for row in np.flatnonzero(known < scene.days * DAY_S).tolist():
            m = int(month[row])
            total = self.sums[m].setdefault((account[row], centre[row], kind[row]), [0, 0])
            total[1] += int(cents[row])
            if known[row] < closes[m]:
                total[0] += int(cents[row])
            else:
                self.last_late[m] = max(self.last_late.get(m, 0), int(known[row]))

    def day_of(self, month: int) -> int:
        """First day of a month."""
        return int(np.datetime64(month, "M").astype("datetime64[D]").astype(int)) - self.scene.first_day

    def close_second(self, month: int) -> int:
        """Return when a month is closed."""
        return (self.day_of(month + 1) + CLOSE_AFTER_DAYS) * DAY_S + 64_800

    def reopened(self, month: int) -> int:
        """Second at which a month is opened again and restated (``NONE``: never, or after the window)."""
        late = self.last_late.get(month)
        if late is None:
            return NONE
        again = late // DAY_S * DAY_S + DAY_S + 36_000
        return again if again < self.scene.days * DAY_S else NONE

    def of(self, month: int) -> list[tuple[object, ...]]:
        """Totals of a month: at its close, and once more if it was restated."""
        closed = self.close_second(month)
        if closed >= self.scene.days * DAY_S:
            return []
        names = dict(ACCOUNTS.values()) | dict((UNALLOCATED, ACCRUAL))
        period, start = str(np.datetime64(month, "M")), self.day_of(month)
        lines = dict(sorted(self.sums[month].items()))
        spent = sum(total[0] for (account, _, _), total in lines.items() if account < "660190")
        extra = {
            (UNALLOCATED[0], "CC-HQ", "发生"): spent * (7 + month % 5) // 1000,
            (ACCRUAL[0], "CC-HQ", "计提"): spent // 12,
            (ACCRUAL[0], "CC-HQ", "冲回"): -self._accrued(month - 1),
        }
        lines |= {key: [value, value] for key, value in extra.items()}
        again = self.reopened(month)
        out: list[tuple[object, ...]] = []
        for (account, centre, kind), (first, final) in lines.items():
            head = (period, start, account, names[account], centre, kind)
            out.append((*head, first if again != NONE else final, "CNY", closed))
            if again != NONE and final != first:
                out.append((*head, final, "CNY", again + 3600))
        return out

    def _accrued(self, month: int) -> int:
        return (
            sum(t[0] for (account, _, _), t in self.sums.get(month, {}).items() if account < "660190") // 12
        )

    def closing(self, month: int) -> list[tuple[object, ...]]:
        """States of a month in the calendar."""
        start, end = self.day_of(month), self.day_of(month + 1) - 1
        period, closed, again = str(np.datetime64(month, "M")), self.close_second(month), self.reopened(month)
        rows: list[tuple[object, ...]] = [(period, start, end, NONE, "未结", start * DAY_S + 1)]
        if closed < self.scene.days * DAY_S:
            rows.append((period, start, end, closed // DAY_S, "已结", closed))
            if again != NONE:
                rows.append((period, start, end, NONE, "重开", again))
                rows.append((period, start, end, again // DAY_S, "已结", again + 3600))
        return rows
