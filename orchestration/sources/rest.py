"""REST services: pages of JSON, spooled page by page, landed as JSON lines.

One delivery is one window: everything the service gave since the newest record of the last delivery,
less an overlap for records that were committed late. Records stand in the delivery as the service
wrote them. A service may fail, be slow or lie; what it cannot do is make a loop or lose a page here.
Fetching is in `fetching.py`, ways of paging in `paging.py`. (dlt is not used: its retries know no
budget, its paginators cannot go on at a page, its selectors write numbers anew.)
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from orchestration.partitions import BUSINESS_ZONE
from orchestration.sources.connector import Harvest, Job, SetDigest, SourceError
from orchestration.sources.fetching import FaultyAnswerError, Fetcher, OutOfTimeError, RefusedError
from orchestration.sources.json_items import NoListError, cut_items, steps_of, value_at
from orchestration.sources.options import Options
from orchestration.sources.paging import NOT_ONCE_MORE, Paging
from orchestration.sources.spool import PageSpool, short_hash

TIME_FORMATS = ("iso", "local", "date", "epoch_s", "epoch_ms")
MAX_EMPTY_PAGES = 50
SAY_EVERY_PAGES = 25


@dataclass(frozen=True)
class Since:
    """How to ask for what is new: parameter, its format, and the record's field that tells its time."""

    param: str = ""
    format: str = "iso"
    field: tuple[str, ...] = ()
    overlap: timedelta = timedelta(hours=1)
    initial: str = ""

    @classmethod
    def of(cls, options: Options) -> Since:
        """Read and check `since`."""
        if not options.has("param"):
            options.reject_unknown()
            return cls()
        found = cls(
            options.text("param"),
            options.choice("format", TIME_FORMATS, "iso"),
            steps_of(options.text("field")),
            timedelta(seconds=options.number("overlap_s", 3600)),
            options.text("initial", ""),
        )
        if found.initial and instant_in(found.initial) is None:
            raise options.fail("initial", "write a time as 2024-01-31T00:00:00+08:00")
        options.reject_unknown()
        return found

    def bound(self, newest: str | None) -> datetime | None:
        """Return the instant to ask from, rounded as the parameter rounds it; None: from the start."""
        moment = instant_in(newest) if newest else None
        if moment is not None:
            return instant_in(self.text(moment - self.overlap))
        return instant_in(self.text(start)) if (start := instant_in(self.initial)) else None

    def text(self, moment: datetime) -> str | int:
        """Write an instant as the service wants it."""
        if self.format == "epoch_s":
            return int(moment.timestamp())
        if self.format == "epoch_ms":
            return int(moment.timestamp()) * 1000
        local = moment.astimezone(BUSINESS_ZONE)
        if self.format == "date":
            return local.date().isoformat()
        return (
            local.isoformat(" ", "seconds")[:19]
            if self.format == "local"
            else local.isoformat("T", "seconds")
        )


@dataclass(frozen=True)
class Service:
    """Everything `source:` says of one REST channel."""

    url: str
    method: str
    records: tuple[str, ...]
    params: Mapping[str, Any]
    body: Mapping[str, Any] | None
    params_in: str
    headers: Mapping[str, str]
    ok: tuple[tuple[str, ...], tuple[str, ...]]
    null_is_empty: bool
    record_type: str
    paging: Paging
    since: Since
    page_limit: int
    attempts: int
    timeout_s: float
    token_url: str

    @classmethod
    def of(cls, options: Options) -> Service:
        """Read and check the options."""
        method = options.choice("method", ("GET", "POST"), "GET")
        ok = options.section("ok")
        found = cls(
            url=options.text("url"),
            method=method,
            records=steps_of(options.text("records", "")),
            params=options.plain("params"),
            body=options.plain("body") if method == "POST" else None,
            params_in=options.choice(
                "params_in", ("query", "body") if method == "POST" else ("query",), "query"
            ),
            headers={str(name): str(value) for name, value in options.plain("headers").items()},
            ok=(steps_of(ok.text("path", "")), ok.texts("values")),
            null_is_empty=options.flag("null_is_empty", default=False),
            record_type=options.text("record_type", ""),
            paging=Paging.of(options.section("paging")),
            since=Since.of(options.section("since")),
            page_limit=int(options.number("page_limit", 100_000, minimum=1)),
            attempts=int(options.number("attempts", 10, minimum=1)),
            timeout_s=options.number("timeout_s", 60, minimum=0.1),
            token_url=options.section("auth").text("token_url", ""),
        )
        if not found.url.startswith(("http://", "https://")):
            raise options.fail("url", "must start with https:// or http://")
        return found

    def identity(self, sequence: int, bound: datetime | None) -> dict[str, Any]:
        """Name the window: pages of another window, or asked for otherwise, are not gone on with."""
        asked = repr((self.url, self.method, self.records, self.params, self.body, self.paging, self.since))
        text = bound.isoformat() if bound else None
        return {"asked": short_hash(asked), "sequence": sequence, "since": text, "type": self.record_type}


@dataclass(frozen=True)
class Page:
    """One judged answer."""

    lines: bytes
    rows: int
    following: Any
    digest: str
    newest: str | None
    total: int | None


def extract(job: Job) -> Iterator[Harvest]:
    """Read one window of a REST channel; yields nothing if it holds nothing new.

    Raises:
        ConfigError: a wrong option.
        SourceError: no (right) answer; pages read so far are kept unless they are in doubt.

    """
    service = Service.of(job.options)
    cursor = job.state.get("cursor", {})
    bound = service.since.bound(cursor.get("newest"))
    spool = PageSpool(job.folder, service.identity(job.sequence, bound))
    if spool.pages and not spool.is_complete:
        job.say(f"{job.channel}: goes on after page {spool.pages} ({spool.rows:,} records) of last time")
    if not spool.is_complete:
        reader = _Reader(job, service, spool, bound)
        try:
            reader.read_to_the_end()
        finally:
            reader.fetcher.session.close()
    harvest = _harvest(job, service, spool, bound)
    if harvest is not None:
        yield harvest
    spool.clear()


class _Reader:
    """Reads the pages of one window into the spool."""

    def __init__(self, job: Job, service: Service, spool: PageSpool, bound: datetime | None) -> None:
        import requests

        self.job, self.service, self.spool, self.bound = job, service, spool, bound
        session = requests.Session()
        session.headers.update({"Accept": "application/json", **service.headers})
        budget = job.budget()
        self.fetcher = Fetcher(
            session, budget, service.attempts, service.timeout_s, service.method, service.body
        )
        session.headers.update(_authorise(job.options, Fetcher(session, budget, service.attempts)))
        job.options.reject_unknown()
        self.empty = self.restarts = 0

    def read_to_the_end(self) -> None:
        """Read page after page; a position the service no longer knows starts the window anew, once."""
        resumed = self.spool.pages > 0
        while not self.spool.is_complete:
            try:
                self._next()
            except RefusedError as refusal:
                if not resumed or refusal.status in (401, 403):
                    raise
                self.job.say(
                    f"{self.job.channel}: the kept position is no longer known; reads from the start"
                )
                self.spool.clear()
            except OutOfTimeError as late:
                raise SourceError(f"{late}; {self._kept()}; or raise `budget_s`") from late
            except _InDoubtError as doubt:
                self.spool.clear()
                raise SourceError(f"{doubt}; nothing was landed, the next collect starts anew") from doubt
            resumed = False

    def _next(self) -> None:
        spool, service = self.spool, self.service
        position = service.paging.first() if spool.pages == 0 else spool.position
        if spool.pages >= service.page_limit:
            raise _InDoubtError(
                f"{service.url}: more than {service.page_limit} pages; raise page_limit if meant"
            )
        page = self._fetch(position)
        self.empty = 0 if page.rows else self.empty + 1
        if self.empty > MAX_EMPTY_PAGES and page.following is not None:
            raise _InDoubtError(f"{service.url}: {self.empty} empty pages in a row, and more announced")
        if self._shrank(page):
            return
        newest = max(filter(None, (page.newest, spool.notes.get("newest"))), default=None)
        spool.append(
            page.lines,
            page.rows,
            page.following,
            seen=short_hash(repr(page.following)) if page.following is not None else "",
            page=page.digest if page.rows else "",
            notes={"newest": newest, "total": page.total},
        )
        if spool.pages % SAY_EVERY_PAGES == 0:
            of = f" of {page.total:,}" if page.total else ""
            self.job.say(f"{self.job.channel}: page {spool.pages:,}, {spool.rows:,} records{of}")

    def _shrank(self, page: Page) -> bool:
        """Start anew if records left while pages were counted: those behind them moved up unread."""
        before = self.spool.notes.get("total")
        if page.total is None or before is None or page.total >= before:
            return False
        self.restarts += 1
        if self.restarts > NOT_ONCE_MORE:
            raise _InDoubtError(f"{self.service.url}: records keep leaving while pages are read")
        self.job.say(f"{self.job.channel}: {before} records became {page.total}; reads from the start")
        self.spool.clear()
        return True

    def _fetch(self, position: Any) -> Page:
        service = self.service
        try:
            address = service.paging.address(service.url, position)
        except FaultyAnswerError as fault:
            raise _InDoubtError(f"{service.url}: {fault}") from fault
        # A link carries its own parameters.
        own = service.paging.kind == "link" and bool(position)
        params = {} if own else {**service.params, **service.paging.params(position)}
        if not own and self.bound is not None:
            params[service.since.param] = service.since.text(self.bound)
        if service.params_in == "body":
            self.fetcher.body, params = {**(service.body or {}), **params}, {}
        doubtful: list[str] = []

        def read(body: bytes) -> Page:
            doubtful.clear()
            try:
                return self._judge(body, position)
            except FaultyAnswerError as fault:
                if fault.patience is not None:
                    doubtful.append(str(fault))
                raise

        try:
            return self.fetcher.get(address, params, read)
        except (RefusedError, OutOfTimeError):
            raise
        except SourceError as error:
            if doubtful:
                raise _InDoubtError(f"{error} (page {self.spool.pages + 1})") from error
            raise SourceError(f"{error}; {self._kept()}") from error

    def _judge(self, body: bytes, position: Any) -> Page:
        """Make a page of an answer, or tell why it cannot be one."""
        service, spool = self.service, self.spool
        items, document = _parse(service, body)
        following = service.paging.following(position, document, len(items), spool.rows)
        digest = hashlib.blake2b(b"\n".join(line for line, _ in items), digest_size=16).hexdigest()
        if items and digest == spool.last_page:
            raise FaultyAnswerError("the same page came twice", NOT_ONCE_MORE)
        if following is not None and short_hash(repr(following)) in spool.seen:
            raise FaultyAnswerError("a cursor came a second time: the pages go round", NOT_ONCE_MORE)
        total = service.paging.total_of(document)
        newest = _newest(service.since, (value for _, value in items), self.job.received_at)
        lines = b"".join(_typed(line, service.record_type) + b"\n" for line, _ in items)
        return Page(lines, len(items), following, digest, newest, total)

    def _kept(self) -> str:
        if not self.spool.pages:
            return "nothing was read"
        return (
            f"{self.spool.pages} pages ({self.spool.rows:,} records) are kept, "
            f"the next collect goes on at page {self.spool.pages + 1}"
        )


class _InDoubtError(Exception):
    """Pages that contradict one another: what was read of the window cannot be trusted."""


def _parse(service: Service, body: bytes) -> tuple[list[tuple[bytes, Any]], Any]:
    """Return the records (as written, parsed) and the whole answer."""
    try:
        text = body.decode("utf-8-sig")
        document = json.loads(text)  # not orjson: it refuses half surrogates, which are admission's to judge
    except (ValueError, RecursionError):
        raise FaultyAnswerError("the answer is cut off or no JSON") from None
    _check_ok(service, document)
    try:
        items = cut_items(text, service.records)
    except NoListError as fault:
        if service.null_is_empty and _is_null(document, service.records):
            return [], document
        raise FaultyAnswerError(f"answered 200 but {fault} ({_names(document)})") from None
    except (ValueError, RecursionError):
        raise FaultyAnswerError("the answer is no JSON") from None
    if any(not isinstance(value, Mapping) for _, value in items):
        raise FaultyAnswerError("a record is no JSON object", NOT_ONCE_MORE)
    return items, document


def _check_ok(service: Service, document: Any) -> None:
    path, values = service.ok
    if path and values:
        found = value_at(document, path)
        if _plain(found) not in values:
            raise FaultyAnswerError(f"answered 200 but {'.'.join(path)} is {_plain(found)[:40]!r}")


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) or value is None else str(value)


def _is_null(document: Any, steps: Sequence[str]) -> bool:
    parent = value_at(document, steps[:-1]) if steps else None
    return isinstance(parent, Mapping) and steps[-1] in parent and parent[steps[-1]] is None


def _names(document: Any) -> str:
    """What an answer holds instead, by name only: values could be somebody's."""
    if isinstance(document, Mapping):
        return "it has " + ", ".join(str(name)[:30] for name in itertools.islice(document, 8))
    return f"it is a {type(document).__name__}"


def _typed(line: bytes, record_type: str) -> bytes:
    """Name the record's entity where several channels of contract entities need it."""
    if not record_type:
        return line
    head = b'{"record_type":' + orjson.dumps(record_type)
    rest = line[1:].lstrip()
    return head + (b"," if rest != b"}" else b"") + rest


# -- what is new ---------------------------------------------------------------------------------


def instant_in(value: Any) -> datetime | None:
    """Read an instant out of a record or a state: ISO text (without zone: Asia/Shanghai) or epoch."""
    if isinstance(value, str) and value.strip().isdigit() and len(value.strip()) >= 9:
        value = int(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = value / 1000 if abs(value) >= 1e11 else value
        try:
            return datetime.fromtimestamp(seconds, UTC)
        except (OverflowError, ValueError, OSError):
            return None
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=BUSINESS_ZONE)


def _newest(since: Since, values: Iterator[Any], received_at: datetime) -> str | None:
    """Return the newest time among records.

    Never one past the time of receipt: a wrong clock at the source must not hide what is to come.
    """
    found = [moment for value in values if (moment := instant_in(value_at(value, since.field)))]
    if not since.field or not found:
        return None
    return min(max(found), received_at).astimezone(UTC).isoformat()


def _harvest(job: Job, service: Service, spool: PageSpool, bound: datetime | None) -> Harvest | None:
    """Return the window as a file to land, or None if every record was landed before."""
    if not spool.rows:
        return None
    before = job.state.get("cursor", {})
    candidates = (spool.notes.get("newest"), before.get("newest"))
    newest = max(filter(None, candidates), default=None)
    if service.since.field and spool.notes.get("newest") is None:
        job.say(f"{job.channel}: no record has a time at {'.'.join(service.since.field)}; was it renamed?")
    everything, again, coming, fresh = _digests(service.since, spool, bound, service.since.bound(newest))
    if str(everything) == before.get("all") or (fresh == 0 and str(again) == before.get("overlap")):
        return None
    source = {
        "kind": "rest",
        "sequence": job.sequence,
        "window": {"since": bound.isoformat() if bound else None},
        "cursor": {"newest": newest, "all": str(everything), "overlap": str(coming)},
        "pages": spool.pages,
        "records": spool.rows,
    }
    return Harvest(spool.records, f"{job.channel}-{job.sequence:06d}.jsonl", source)


def _digests(
    since: Since, spool: PageSpool, bound: datetime | None, next_bound: datetime | None
) -> tuple[SetDigest, SetDigest, SetDigest, int]:
    """Digest all records, those after this window's start, those after the next one's; count the others."""
    everything, again, coming, outside = SetDigest(), SetDigest(), SetDigest(), 0
    with spool.records.open("rb") as lines:
        for line in lines:
            everything.add(line)
            moment = instant_in(value_at(_loads(line), since.field)) if since.field else None
            if bound is None or moment is None or moment < bound:
                outside += 1
            else:
                again.add(line)
            if next_bound is not None and moment is not None and moment >= next_bound:
                coming.add(line)
    return everything, again, coming, outside


def _loads(line: bytes) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None


# -- who asks ------------------------------------------------------------------------------------


def _authorise(options: Options, fetcher: Fetcher) -> dict[str, str]:
    """Return the headers that say who asks.

    `auth: {token, header: Authorization, prefix: "Bearer "}`, or `auth: {token_url, client_id,
    client_secret, scope}` for OAuth 2 client credentials (RFC 6749 §4.4).
    """
    auth = options.section("auth")
    if auth.has("token_url"):
        token = _client_token(auth, fetcher)
        prefix = "Bearer "
    elif auth.has("header") or auth.has("token"):
        token = auth.text("token")
        prefix = auth.text(
            "prefix", "Bearer " if auth.text("header", "Authorization") == "Authorization" else ""
        )
    else:
        if options.plain("auth"):
            raise auth.fail("token", "is missing or empty; if it is a ${VARIABLE}, set it in the environment")
        return {}
    header = auth.text("header", "Authorization")
    auth.reject_unknown()
    if not (prefix + token).isprintable():
        raise auth.fail("token", "holds a line break or other unprintable character")
    return {header: prefix + token}


def _client_token(auth: Options, fetcher: Fetcher) -> str:
    form = {
        "grant_type": "client_credentials",
        "client_id": auth.text("client_id"),
        "client_secret": auth.text("client_secret"),
    }
    if auth.has("scope"):
        form["scope"] = auth.text("scope")
    fetcher.method, fetcher.form = "POST", form

    def read(body: bytes) -> str:
        try:
            token = orjson.loads(body)["access_token"]
        except (ValueError, KeyError, TypeError):
            raise FaultyAnswerError("the token answer holds no access_token", NOT_ONCE_MORE) from None
        return str(token)

    return fetcher.get(auth.text("token_url"), {}, read)
