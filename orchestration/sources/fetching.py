"""One HTTP answer, through all the ways in which a server fails to give it.

Here: repeating with jittered backoff within a time budget, `Retry-After`, and telling what is worth
repeating. What an answer must look like is the caller's `read`; paging is in `rest.py`.

Not dlt's request client: it counts attempts but knows no time budget, waits without jitter, and
takes an answer that breaks off or does not parse for an answer. Not urllib3's `Retry` for the same
reasons.
"""

from __future__ import annotations

import email.utils
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from orchestration.sources.connector import Budget, SourceError

if TYPE_CHECKING:
    import requests

FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0
BUSY = frozenset({429, 503})
WORTH_REPEATING = frozenset({408, 425, 429})
MAX_ANSWER_BYTES = 256 * 1024**2
_TOO_MUCH = f"more than {MAX_ANSWER_BYTES // 1024**2} MiB"
_CHUNK = 64 * 1024
Found = TypeVar("Found")


class FaultyAnswerError(Exception):
    """An answer that may be right next time. `patience` limits how often it is asked for again."""

    def __init__(self, what: str, patience: int | None = None, wait_s: float | None = None) -> None:
        super().__init__(what)
        self.patience = patience
        self.wait_s = wait_s


class RefusedError(SourceError):
    """An answer that will not change by asking again (4xx other than 408, 425, 429)."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class OutOfTimeError(SourceError):
    """The time budget of the channel is used up."""


@dataclass
class Fetcher:
    """A session to one service: headers, timeouts and patience.

    `attempts` and `timeout_s` are per answer; `budget` is for everything together.
    """

    session: requests.Session
    budget: Budget
    attempts: int = 10
    timeout_s: float = 60.0
    method: str = "GET"
    body: Mapping[str, Any] | None = None
    form: Mapping[str, str] | None = None

    def get(self, url: str, params: Mapping[str, Any], read: Callable[[bytes], Found]) -> Found:
        """Return what `read` makes of the answer's bytes; `read` raises `FaultyAnswerError` to ask again.

        Raises:
            RefusedError: the service says no for good.
            OutOfTimeError: the budget ends first.
            SourceError: every attempt failed.

        """
        last: FaultyAnswerError | None = None
        for attempt in range(1, self.attempts + 1):
            if self.budget.is_spent:
                raise OutOfTimeError(self._spent(url, last))
            try:
                return read(self._once(url, params))
            except FaultyAnswerError as fault:
                last = fault
                if attempt >= min(self.attempts, fault.patience or self.attempts):
                    break
                self._wait(url, attempt, fault)
        raise SourceError(f"{_bare(url)}: {last} ({attempt} attempts); it is tried again at the next collect")

    def _once(self, url: str, params: Mapping[str, Any]) -> bytes:
        import requests

        timeout = max(0.1, min(self.timeout_s, self.budget.left))
        try:
            # A redirect is not followed: it would carry the token to wherever it points.
            with self.session.request(
                self.method,
                url,
                params=dict(params),
                json=self.body,
                data=self.form,
                timeout=timeout,
                allow_redirects=False,
                stream=True,
            ) as answer:
                _judge(answer)
                return self._body(answer)
        except requests.exceptions.InvalidURL as error:
            raise SourceError(f"{_bare(url)}: is not an address; mend `url`") from error
        except requests.exceptions.SSLError as error:
            raise SourceError(
                f"{_bare(url)}: its certificate is not trusted; add it to the system"
            ) from error
        except requests.exceptions.RequestException as error:
            raise FaultyAnswerError(_words(error)) from error

    def _body(self, answer: requests.Response) -> bytes:
        from urllib3.exceptions import HTTPError

        parts: list[bytes] = []
        size = 0
        try:
            # What has come, not what was asked for: a server that drips must not outlast the budget.
            while chunk := answer.raw.read1(_CHUNK, decode_content=True):
                if parts and self.budget.is_spent:
                    raise FaultyAnswerError("the answer came too slowly")
                parts.append(chunk)
                size += len(chunk)
                if size > MAX_ANSWER_BYTES:
                    raise SourceError(f"{_bare(answer.url)}: a page of {_TOO_MUCH}; ask for smaller pages")
        except (HTTPError, OSError) as error:
            raise FaultyAnswerError(_words(error)) from error
        return b"".join(parts)

    def _wait(self, url: str, attempt: int, fault: FaultyAnswerError) -> None:
        longest = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** (attempt - 1))
        wait_s = longest * self.budget.clock.fraction()
        if fault.wait_s is not None:
            wait_s += fault.wait_s  # never earlier than asked for, and not all at the same moment
        if wait_s >= self.budget.left:
            raise OutOfTimeError(self._spent(url, fault))
        self.budget.clock.sleep(wait_s)

    def _spent(self, url: str, fault: FaultyAnswerError | None) -> str:
        why = f"; last: {fault}" if fault else ""
        return f"{_bare(url)}: the time budget of {self.budget.seconds:g} s is used up{why}"


def _judge(answer: requests.Response) -> None:
    status = answer.status_code
    if status in (200, 206):
        return
    if status >= 500 or status in WORTH_REPEATING:
        wait_s = _retry_after(answer.headers.get("Retry-After", "")) if status in BUSY else None
        raise FaultyAnswerError(f"answered {status}", wait_s=wait_s)
    raise RefusedError(f"{_bare(answer.url)}: answered {status}; {_advice(answer)}", status)


def _advice(answer: requests.Response) -> str:
    status = answer.status_code
    if 300 <= status < 400:
        return f"it points to {_bare(answer.headers.get('Location', '?'))}; write that address as `url`"
    if status in (401, 403):
        return "check the token under `auth` and what it may read"
    if status == 404:
        return "check `url`"
    return "check `url`, `params`, `since` and `paging`"


def _retry_after(text: str) -> float | None:
    """Seconds to wait: a number, or a date as of now."""
    if text.strip().isdigit():
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return max(0.0, moment.timestamp() - time.time())


def _bare(url: str | None) -> str:
    """An address without what may be secret in it: user, password, query."""
    parts = urlsplit(url or "?")
    host = parts.hostname or ""
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}{port}{parts.path}" if host else parts.path


def _words(error: Exception) -> str:
    name = type(error).__name__
    known = {
        "ConnectTimeout": "no connection in time",
        "ReadTimeout": "no answer in time",
        "ReadTimeoutError": "no answer in time",
        "IncompleteRead": "the answer broke off",
        "ProtocolError": "the answer broke off",
        "DecodeError": "the answer cannot be unpacked",
        "ConnectionError": "no connection, or it broke off",
    }
    return known.get(name, f"no answer ({name})")
