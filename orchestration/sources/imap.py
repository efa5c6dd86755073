"""IMAP mailboxes: messages with a UID not seen before, landed as one mbox.

The folder is opened read-only and messages are peeked at: nothing is marked, moved or deleted. State is
UIDVALIDITY and the last UID; another UIDVALIDITY means the server numbered anew, so everything is read
again (admission knows the messages by their id). Each batch is spooled before the next is asked for.
"""

from __future__ import annotations

import base64
import imaplib
import re
import socket
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from orchestration.sources.connector import Budget, Harvest, Job, SourceError
from orchestration.sources.mbox_format import mbox_entry
from orchestration.sources.options import Options
from orchestration.sources.spool import PageSpool, short_hash

BATCH = 20
SAY_EVERY_BATCHES = 25
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 30.0
TLS = ("tls", "starttls", "none")
_INTERNALDATE = re.compile(rb'\bINTERNALDATE "([^"]+)"')
_UID = re.compile(rb"\bUID (\d+)")
_NOT_ASCII = re.compile(r"[^\x20-\x7e]+|&")
# Mail servers send long lines (a search over a full folder); imaplib's default stops at 1 MB.
imaplib._MAXLINE = max(imaplib._MAXLINE, 50_000_000)  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Mailbox:
    """Where the mailbox is and who reads it."""

    host: str
    port: int
    tls: str
    user: str
    password: str
    folder: str
    attempts: int
    timeout_s: float

    @classmethod
    def of(cls, options: Options) -> Mailbox:
        """Read and check the options."""
        tls = options.choice("tls", TLS, "tls")
        return cls(
            options.text("host"),
            int(options.number("port", 993 if tls == "tls" else 143, minimum=1)),
            tls,
            options.text("user"),
            options.text("password"),
            options.text("folder", "INBOX"),
            int(options.number("attempts", 5, minimum=1)),
            options.number("timeout_s", 60, minimum=0.1),
        )

    @property
    def place(self) -> str:
        """Name it for people, without the password."""
        return f"imap://{self.host}:{self.port}/{self.folder}"


def extract(job: Job) -> Iterator[Harvest]:
    """Read the messages that came since the last delivery; yields nothing if none did.

    When the time budget ends, what was read is landed and the next collect goes on behind it.

    Raises:
        ConfigError: a wrong option.
        SourceError: no connection, wrong password, no such folder.

    """
    mailbox = Mailbox.of(job.options)
    budget = job.budget()
    job.options.reject_unknown()
    reader = _Reader(job, mailbox, budget)
    longest_s = FIRST_WAIT_S
    for attempt in range(1, mailbox.attempts + 1):
        try:
            reader.read()
            break
        except (imaplib.IMAP4.abort, OSError) as error:
            if isinstance(error, ssl.SSLCertVerificationError):
                raise SourceError(
                    f"{mailbox.place}: its certificate is not trusted ({error.reason})"
                ) from error
            wait_s = longest_s * job.clock.fraction()
            if attempt == mailbox.attempts or wait_s >= budget.left:
                why = str(error)[:200] or type(error).__name__
                raise SourceError(f"{mailbox.place}: {why} ({attempt} attempts); {reader.kept()}") from error
            job.clock.sleep(wait_s)
            longest_s = min(LONGEST_WAIT_S, longest_s * 2)
        except imaplib.IMAP4.error as error:
            why = str(error)[:200]
            raise SourceError(f"{mailbox.place}: the server refused: {why}; {reader.kept()}") from error
    yield from reader.harvest()


class _Reader:
    """Reads the new messages of one mailbox into a spool, over as many connections as it takes."""

    def __init__(self, job: Job, mailbox: Mailbox, budget: Budget) -> None:
        self.job, self.mailbox, self.budget = job, mailbox, budget
        self.spool: PageSpool | None = None
        self.uidvalidity = 0

    def read(self) -> None:
        """Read batch after batch until there is nothing new or the time is up."""
        client = _connect(self.mailbox)
        try:
            self.uidvalidity = _select(client, self.mailbox)
            self.spool = spool = self._spool_of(self.uidvalidity)
            done = max(int(spool.position or 0), self._last_uid())
            waiting = _search(client, f"UID {done + 1}:*", above=done)
            for number, start in enumerate(range(0, len(waiting), BATCH)):
                if number and self.budget.is_spent:
                    self.job.say(
                        f"{self.job.channel}: time budget used up; {len(waiting) - start} messages wait"
                    )
                    return
                self._batch(client, spool, waiting[start : start + BATCH])
                if number % SAY_EVERY_BATCHES == SAY_EVERY_BATCHES - 1:
                    self.job.say(f"{self.job.channel}: {spool.rows:,} messages")
        finally:
            _leave(client)

    def harvest(self) -> Iterator[Harvest]:
        """Yield what was read, if anything."""
        spool = self.spool
        if spool is None:
            return
        if spool.rows:
            source = {
                "kind": "imap",
                "sequence": self.job.sequence,
                "uidvalidity": self.uidvalidity,
                "uid": spool.position,
                "records": spool.rows,
            }
            yield Harvest(spool.records, f"{self.job.channel}-{self.job.sequence:06d}.mbox", source)
        spool.clear()

    def kept(self) -> str:
        """Say what is not lost."""
        rows = self.spool.rows if self.spool else 0
        return f"{rows} message(s) read so far are kept, the next collect goes on behind them"

    def _spool_of(self, uidvalidity: int) -> PageSpool:
        mailbox = self.mailbox
        asked = short_hash(repr((mailbox.host, mailbox.user, mailbox.folder)))
        identity = {"asked": asked, "sequence": self.job.sequence, "uidvalidity": uidvalidity}
        return PageSpool(self.job.folder, identity)

    def _last_uid(self) -> int:
        state = self.job.state
        if state and state.get("uidvalidity") != self.uidvalidity:
            self.job.say(f"{self.job.channel}: the server numbered its messages anew; all are read again")
            return 0
        return int(state.get("uid", 0))

    def _batch(self, client: imaplib.IMAP4, spool: PageSpool, uids: Sequence[int]) -> None:
        found = _fetch(client, uids)
        missing = [uid for uid in uids if uid not in found]
        if missing and set(missing) & set(_search(client, f"UID {_listed(missing)}")):
            # Still there, yet not given: going on would lose it.
            raise imaplib.IMAP4.abort(f"the server holds back message(s) with UID {_listed(missing[:5])}")
        body = b"".join(found[uid] for uid in uids if uid in found)
        spool.append(body, len(found), uids[-1], seen="", page="", notes={})


def _connect(mailbox: Mailbox) -> imaplib.IMAP4:
    """Connect and log in; a refused login is final."""
    if mailbox.tls == "tls":
        client: imaplib.IMAP4 = imaplib.IMAP4_SSL(
            mailbox.host, mailbox.port, ssl_context=ssl.create_default_context(), timeout=mailbox.timeout_s
        )
    else:
        client = imaplib.IMAP4(mailbox.host, mailbox.port, timeout=mailbox.timeout_s)
    # imaplib writes a command in pieces; without this each piece waits for the answer to the one before.
    client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        if mailbox.tls == "starttls":
            client.starttls(ssl.create_default_context())
        _log_in(client, mailbox)
    except (imaplib.IMAP4.abort, OSError):
        _leave(client)
        raise
    except imaplib.IMAP4.error as error:
        _leave(client)
        raise SourceError(f"{mailbox.place}: login refused; check `user`, `password` and `tls`") from error
    return client


def _log_in(client: imaplib.IMAP4, mailbox: Mailbox) -> None:
    """Say who reads; PLAIN where it is offered, since LOGIN knows ASCII only."""
    if "AUTH=PLAIN" in client.capabilities:
        client.authenticate("PLAIN", lambda _: f"\0{mailbox.user}\0{mailbox.password}".encode())
    elif (mailbox.user + mailbox.password).isascii():
        client.login(_quoted(mailbox.user), mailbox.password)
    else:
        raise SourceError(f"{mailbox.place}: the server takes ASCII names and passwords only")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _select(client: imaplib.IMAP4, mailbox: Mailbox) -> int:
    """Open the folder read-only; return its UIDVALIDITY."""
    status, _ = client.select(_quoted(modified_utf7(mailbox.folder)), readonly=True)
    if status != "OK":
        raise SourceError(f"{mailbox.place}: there is no such folder; check `folder`")
    _, found = client.response("UIDVALIDITY")
    if not found or not found[0]:
        raise SourceError(
            f"{mailbox.place}: the server tells no UIDVALIDITY; it cannot be read incrementally"
        )
    return int(found[0])


def _search(client: imaplib.IMAP4, criterion: str, above: int = 0) -> list[int]:
    """Return UIDs in order; `n:*` always includes the last message, hence `above`."""
    status, found = client.uid("SEARCH", criterion)
    if status != "OK":
        raise imaplib.IMAP4.abort("the server did not search")
    return sorted({int(one) for part in found if part for one in part.split() if int(one) > above})


def _fetch(client: imaplib.IMAP4, uids: Sequence[int]) -> dict[int, bytes]:
    """Return mbox entries by UID, without marking anything as read."""
    status, parts = client.uid("FETCH", _listed(uids), "(UID INTERNALDATE BODY.PEEK[])")
    if status != "OK":
        raise imaplib.IMAP4.abort("the server did not fetch")
    wanted, found = set(uids), {}
    for number, part in enumerate(parts):
        if not isinstance(part, tuple):
            continue
        tail = parts[number + 1] if number + 1 < len(parts) else b""
        about = part[0] + b" " + (tail if isinstance(tail, bytes) else b"")  # items may follow the body
        uid = _UID.search(about)
        if uid and int(uid[1]) in wanted:
            found[int(uid[1])] = mbox_entry(part[1], _arrived(about))
    return found


def _arrived(about: bytes) -> datetime | None:
    match = _INTERNALDATE.search(about)
    try:
        return datetime.strptime(match[1].decode().strip(), "%d-%b-%Y %H:%M:%S %z") if match else None
    except ValueError:
        return None


def _listed(uids: Sequence[int]) -> str:
    return ",".join(str(uid) for uid in uids)


def _leave(client: imaplib.IMAP4) -> None:
    try:
        client.logout()
    except (imaplib.IMAP4.error, OSError):
        return  # it is gone already


def modified_utf7(name: str) -> str:
    """Write a folder name as IMAP does (RFC 3501 §5.1.3): 客户来信 is `&W6JiN2dlT+E-`."""

    def encoded(match: re.Match[str]) -> str:
        if match[0] == "&":
            return "&-"
        packed = base64.b64encode(match[0].encode("utf-16-be")).rstrip(b"=").replace(b"/", b",")
        return f"&{packed.decode()}-"

    return _NOT_ASCII.sub(encoded, name)
