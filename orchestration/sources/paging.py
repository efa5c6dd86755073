"""Where the next page is: five ways services number their pages, each with a position one can keep.

A position is plain JSON, so that an extraction goes on where it was killed. (dlt's paginators know
the same ways but keep their place in private fields, and ask no questions when a cursor comes twice.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from orchestration.sources.fetching import FaultyAnswerError
from orchestration.sources.json_items import steps_of, value_at
from orchestration.sources.options import Options

KINDS = ("none", "cursor", "page", "offset", "link")
NOT_ONCE_MORE = 3  # attempts at an answer that contradicts itself


@dataclass(frozen=True)
class Paging:
    """How one service pages.

    cursor: the answer names the next cursor (`next`), sent as `param`. page, offset: counted by us,
    to the answer's `total` (records), `total_pages`, or to the first empty page. link: the answer
    holds the next address (`next`). none: there is one page.
    """

    kind: str
    param: str = ""
    next: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    size_param: str = ""
    size: int = 0
    start: int = 1
    total: tuple[str, ...] = ()
    total_pages: tuple[str, ...] = ()
    may_omit_next: bool = False

    @classmethod
    def of(cls, options: Options) -> Paging:
        """Read and check the options of one kind."""
        kind = options.choice("kind", KINDS, "none")
        counted = kind in ("page", "offset")
        size = int(options.number("size", 0, minimum=1)) if options.has("size") else 0
        found = cls(
            kind,
            param=options.text("param") if kind == "cursor" or counted else "",
            next=steps_of(options.text("next")) if kind in ("cursor", "link") else (),
            more=steps_of(options.text("more", "")) if kind == "cursor" else (),
            size_param=options.text("size_param", ""),
            size=size,
            start=int(options.number("start", 0 if kind == "offset" else 1)) if counted else 0,
            total=steps_of(options.text("total", "")) if counted else (),
            total_pages=steps_of(options.text("total_pages", "")) if kind == "page" else (),
            may_omit_next=options.flag("may_omit_next", default=False),
        )
        if counted:
            found._check_end(options)
        options.reject_unknown()
        return found

    def _check_end(self, options: Options) -> None:
        until_empty = options.flag("until_empty", default=False)
        if not (self.total or self.total_pages or until_empty):
            raise options.fail("total", "say where pages end: total, total_pages or until_empty: true")

    def first(self) -> Any:
        """Return the position of the first page."""
        return {"cursor": "", "page": self.start, "offset": self.start, "link": "", "none": ""}[self.kind]

    def params(self, position: Any) -> dict[str, Any]:
        """Return the query parameters that ask for the page at a position."""
        found: dict[str, Any] = {}
        if self.size_param and self.size:
            found[self.size_param] = self.size
        if self.kind in ("page", "offset") or (self.kind == "cursor" and position != ""):
            found[self.param] = position
        return found

    def address(self, url: str, position: Any) -> str:
        """Return the address of the page at a position; a link may not lead to another host."""
        if self.kind != "link" or not position:
            return url
        found = urljoin(url, str(position))
        if urlsplit(found)[:2] != urlsplit(url)[:2]:
            raise FaultyAnswerError("the next page is said to be on another host", patience=1)
        return found

    def following(self, position: Any, document: Any, rows: int, rows_before: int) -> Any:
        """Return the position after this page, None after the last one."""
        if self.kind == "none":
            return None
        if self.kind in ("cursor", "link"):
            self._check_named(document, rows, rows_before)
            return self._named_next(position, document)
        pages = _count(document, self.total_pages)
        if pages is not None:
            return position + 1 if position - self.start + 1 < pages else None
        # Counted by what came, not by what was asked for: a service may give smaller pages.
        total = self.total_of(document)
        if total is not None and rows_before + rows >= total:
            return None
        if not rows and total is not None:
            why = (
                f"an empty page after {rows_before} of {total} records (if total is a guess, use until_empty)"
            )
            raise FaultyAnswerError(why, NOT_ONCE_MORE)
        return position + (1 if self.kind == "page" else rows) if rows else None

    def total_of(self, document: Any) -> int | None:
        """Return how many records the answer says there are, None where it is not configured."""
        return _count(document, self.total)

    def _check_named(self, document: Any, rows: int, rows_before: int) -> None:
        """Refuse a full first page that does not even name a next one: the field may have been renamed."""
        if self.may_omit_next or rows_before or not self.size or rows < self.size:
            return
        parent = value_at(document, self.next[:-1]) if self.next[:-1] else document
        if not isinstance(parent, Mapping) or self.next[-1] not in parent:
            raise FaultyAnswerError(
                f"the first page is full and there is no {'.'.join(self.next)}: was it renamed? "
                "(may_omit_next: true, if the service leaves it out on the last page)",
                NOT_ONCE_MORE,
            )

    def _named_next(self, position: Any, document: Any) -> Any:
        found = value_at(document, self.next)
        ends = found in (None, "", False) or (bool(self.more) and not value_at(document, self.more))
        if ends:
            return None
        if isinstance(found, Mapping | list):
            raise FaultyAnswerError(f"{'.'.join(self.next)} is no cursor", NOT_ONCE_MORE)
        if found == position:
            raise FaultyAnswerError("the next cursor is the one just asked for", NOT_ONCE_MORE)
        return found


def _count(document: Any, steps: tuple[str, ...]) -> int | None:
    if not steps:
        return None
    found = value_at(document, steps)
    if isinstance(found, str) and found.isdigit():
        found = int(found)
    if isinstance(found, bool) or not isinstance(found, int) or found < 0:
        raise FaultyAnswerError(f"{'.'.join(steps)} is no count", NOT_ONCE_MORE)
    return found
