"""Reader of mail: an mbox file (mboxrd quoting) or one message, each message a record with its span.

The standard library takes the message apart; here is decided what of it counts and what is damage.
Nothing is guessed: a part is decoded by the charset it declares, or not at all. The words of a body
are `mail_text.py`'s, the choice of the reader `readers.py`'s.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from email import errors
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from email.utils import getaddresses, parsedate_to_datetime
from functools import cached_property
from typing import Any

import orjson

from data_quality.contract import Contract, Field
from orchestration.admission.mail_text import html_text, own_text, tidy, unflowed
from orchestration.admission.reasons import Problem, Reason
from orchestration.admission.records import Physical
from orchestration.admission.unpack import Member

MAX_MESSAGE_BYTES = 25 * 1024**2
MAX_MULTIPARTS = 50
_DAYS = rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_MONTHS = rb"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_FROM_LINE = (
    rb"From [^\n]{0,320}?" + _DAYS + rb",? +(?:" + _MONTHS + rb" +[0-9]|[0-9]{1,2} " + _MONTHS + rb")"
)
_FIRST = re.compile(_FROM_LINE)
_LATER = re.compile(rb"\n" + _FROM_LINE)
_QUOTED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)
_HEADER_LINE = re.compile(rb"[!-9;-~]{1,76}:")
_MULTIPART = re.compile(rb"content-type:\s*multipart/", re.IGNORECASE)
_FOLD = re.compile(r"\r?\n[ \t]?")
_PLAIN_ADDRESS = re.compile(
    r'\s*(?:"?([^"<>(),;@\\]*)"?\s*<([^<>\s@]+@[^<>\s@]+)>|([^<>\s,;:"()@]+@[^<>\s,;:"()@]+))\s*'
)
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)
_ID = re.compile(r"<([^<>\s]+)>")
# GB2312 and GBK are subsets of GB18030, and senders name the smaller one.
_WIDER = dict.fromkeys(("gb2312", "gb_2312-80", "gbk", "cp936", "ms936", "x-gbk", "euc-cn"), "gb18030")
_WIDER |= {"big5": "big5hkscs", "ks_c_5601-1987": "cp949", "iso-8859-1": "cp1252", "x-sjis": "cp932"}
_NO_TEXT = frozenset(
    ("idna", "punycode", "raw_unicode_escape", "unicode_escape", "undefined", "utf_7", "utf-7")
)
_TRANSFER = frozenset(("", "7bit", "8bit", "binary", "base64", "quoted-printable"))
_CUT = (errors.CloseBoundaryNotFoundDefect,)
_BROKEN = (
    errors.StartBoundaryNotFoundDefect, errors.NoBoundaryInMultipartDefect,
    errors.MultipartInvariantViolationDefect, errors.MissingHeaderBodySeparatorDefect,
)  # fmt: skip


class _DamagedError(Exception):
    """A message that cannot be read; carries why."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(reason)
        self.reason, self.detail = reason, detail


def read_mail(contract: Contract, member: Member) -> Iterator[Physical]:
    """Yield the physical spans of one mailbox or message, tiling it from first to last byte."""
    data, base, size = member.data, member.base, member.size
    start = _blank_bytes(member)
    if start == size:
        yield Physical(base, base + size, 1, problem=Problem(Reason.EMPTY_DELIVERY, detail="no data at all"))
        return
    line_no = 1
    if start:
        yield Physical(base, base + start, 1, is_record=False)
        line_no += bytes(data[:start]).count(b"\n")
    entity = next(iter(contract.entities.values()))
    is_mailbox = _FIRST.match(data, start) is not None
    for begin, end in _spans(data, start, size, is_mailbox=is_mailbox):
        item = Physical(base + begin, base + end, line_no, entity=entity.name)
        raw = bytes(data[begin : min(end, begin + MAX_MESSAGE_BYTES + 1)])
        if is_mailbox and end == size and not raw.endswith(b"\n") and end - begin <= MAX_MESSAGE_BYTES:
            item.problem = Problem(Reason.TRUNCATED_RECORD, detail="the mailbox ends inside a line")
        else:
            _fill(item, raw, entity.fields, in_mailbox=is_mailbox)
        yield item
        line_no += raw.count(b"\n")


def _blank_bytes(member: Member) -> int:
    head = bytes(member.data[:4096])
    if stripped := head.lstrip(b"\r\n \t"):
        return len(head) - len(stripped)
    return member.size - len(bytes(member.data[:]).lstrip(b"\r\n \t"))


def _spans(data: Any, start: int, size: int, *, is_mailbox: bool) -> Iterator[tuple[int, int]]:
    if not is_mailbox:
        yield start, size
        return
    for found in _LATER.finditer(data, start):
        yield start, found.start() + 1
        start = found.start() + 1
    yield start, size


def _fill(item: Physical, raw: bytes, fields: tuple[Field, ...], *, in_mailbox: bool) -> None:
    try:
        message = _Mail(_parsed(raw, in_mailbox=in_mailbox))
    except _DamagedError as damage:
        item.problem = Problem(damage.reason, detail=damage.detail)
        return
    values = []
    for one in fields:
        try:
            values.append(_value(message, one))
        except _DamagedError as damage:
            item.problem = Problem(damage.reason, one.name, damage.detail)
            return
    item.values = values


def _value(message: _Mail, one: Field) -> str | None:
    for source in one.sources:
        value = _READERS[source](message)
        if isinstance(value, list):
            value = orjson.dumps(value).decode() if one.type == "json" else "\n".join(value)
        if one.type == "boolean":
            return "true" if value else "false"
        if value:
            return value
    return None


def _parsed(raw: bytes, *, in_mailbox: bool) -> Message:
    if len(raw) > MAX_MESSAGE_BYTES:
        raise _DamagedError(Reason.RECORD_TOO_LARGE, f"more than {MAX_MESSAGE_BYTES} bytes")
    if in_mailbox:
        raw = raw.partition(b"\n")[2]
        if b">From " in raw:
            raw = _QUOTED_FROM.sub(rb"\1", raw)
    if not _HEADER_LINE.match(raw):
        raise _DamagedError(Reason.NOT_A_MESSAGE, "no header line at the beginning")
    if len(_MULTIPART.findall(raw)) > MAX_MULTIPARTS:
        raise _DamagedError(Reason.INVALID_MIME, f"more than {MAX_MULTIPARTS} parts with parts of their own")
    message = BytesParser(policy=compat32).parsebytes(raw)
    for part in [message] if not message.is_multipart() else message.walk():
        if any(isinstance(one, _CUT) for one in part.defects):
            raise _DamagedError(Reason.TRUNCATED_RECORD, "the mail ends before its last part")
        if any(isinstance(one, _BROKEN) for one in part.defects):
            raise _DamagedError(Reason.INVALID_MIME, type(part.defects[0]).__name__)
    return message


class _Mail:
    """One message with its headers as written."""

    def __init__(self, message: Message) -> None:
        self._message = message
        self._headers: dict[str, list[str]] = {}
        for name, value in message.raw_items():
            self._headers.setdefault(name.lower(), []).append(_FOLD.sub(" ", str(value)).strip())

    def header(self, name: str) -> str:
        """Return the decoded text of a header that stands once, '' if it is not there."""
        values = self._headers.get(name)
        if values is None:
            return ""
        if len(values) > 1 and len(set(values)) > 1:
            raise _DamagedError(Reason.DUPLICATE_HEADER, f"{name} stands {len(values)} times")
        return _decoded(values[0])

    @cached_property
    def sender(self) -> tuple[str, str]:
        """(display name, address) of the first author."""
        return next(iter(_addresses(self.header("from"))), ("", ""))

    @cached_property
    def body(self) -> str:
        """The text of the mail."""
        return tidy(_body(self._message))

    def recipients(self) -> list[str]:
        """Return the addresses it was sent to."""
        values = [_decoded(one) for one in self._headers.get("to", ())]
        return [address for value in values for _, address in _addresses(value) if address]

    def date(self) -> str:
        """Return the time it was written, ISO with offset; as it stands if it is no time."""
        text = self.header("date")
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, TypeError, OverflowError, IndexError):
            return text
        # "-0000" means UTC at an unknown place (RFC 5322).
        return moment.isoformat() if moment.tzinfo else f"{moment.isoformat()}+00:00"

    def first_id(self, name: str) -> str:
        """Return the first message id of a header without its angle brackets."""
        text = self.header(name)
        found = _ID.search(text)
        return found[1] if found else text

    def attachments(self) -> list[str]:
        """Return the names of attached files, in order."""
        return [name for part in _leaves(self._message) if (name := _file_name(part))]


_READERS: dict[str, Callable[[_Mail], str | list[str]]] = {
    "message_id": lambda one: one.first_id("message-id"),
    "from": lambda one: one.sender[1],
    "from_name": lambda one: one.sender[0],
    "to": _Mail.recipients,
    "subject": lambda one: one.header("subject"),
    "date": _Mail.date,
    "in_reply_to": lambda one: one.first_id("in-reply-to"),
    "body": lambda one: one.body,
    "body_own": lambda one: own_text(one.body),
    "attachment_names": _Mail.attachments,
    "list_unsubscribe": lambda one: one.header("list-unsubscribe"),
}


# -- headers ------------------------------------------------------------------------------------


def _decoded(value: str) -> str:
    """Decode encoded words and raw bytes of a header."""
    if "=?" not in value:
        return value if value.isascii() else _text(value.encode("ascii", "surrogateescape"), "")
    out = []
    try:
        pieces = decode_header(value)
    except (errors.HeaderParseError, ValueError) as error:
        raise _DamagedError(Reason.INVALID_MIME, "a header has a damaged encoded word") from error
    for piece, charset in pieces:
        data = piece.encode("ascii", "surrogateescape") if isinstance(piece, str) else piece
        out.append(_text(data, charset or ""))
    return "".join(out).strip()


def _addresses(value: str) -> list[tuple[str, str]]:
    if found := _PLAIN_ADDRESS.fullmatch(value):
        return [((found[1] or "").strip(), found[2] or found[3])]
    return [(name, address) for name, address in getaddresses([value]) if name or address]


def _text(data: bytes, charset: str) -> str:
    """Decode strictly by the declared charset; nothing declared means ASCII or UTF-8."""
    name = charset.lower().strip("'\" ")
    name = _WIDER.get(name, name)
    if name in ("", "us-ascii", "ascii", "unknown-8bit"):
        name = "utf-8"
    if name in _NO_TEXT:
        raise _DamagedError(Reason.UNKNOWN_CHARSET, "a charset that is not for mail")
    try:
        return data.decode(name)
    except (LookupError, ValueError) as error:
        if isinstance(error, UnicodeDecodeError):
            detail = f"not {name} at byte {error.start + 1} of the part"
            raise _DamagedError(Reason.INVALID_ENCODING, detail) from error
        raise _DamagedError(Reason.UNKNOWN_CHARSET, "a charset nobody knows") from error


# -- bodies -------------------------------------------------------------------------------------


def _leaves(part: Message) -> Iterator[Message]:
    if part.get_content_maintype() == "multipart" and part.is_multipart():
        for child in part.get_payload():
            if isinstance(child, Message):
                yield from _leaves(child)
    else:
        yield part


def _file_name(part: Message) -> str:
    name = _readable(part).get_filename()
    if name is None:
        attached = (
            part.get_content_disposition() == "attachment" or part.get_content_type() == "message/rfc822"
        )
        return f"({part.get_content_type()})" if attached else ""
    try:
        return _decoded(_FOLD.sub(" ", name).strip())
    except UnicodeEncodeError:  # RFC 2231 names come decoded
        return name
    except _DamagedError:  # a name is no reason to lose the mail
        return name.encode("ascii", "replace").decode()


def _readable(part: Message) -> Message:
    """Return the headers that may name a file; raw bytes in them, which the library shows as �, decoded."""
    named = {name.lower(): str(value) for name, value in part.raw_items()}
    result = Message()
    for header in ("content-disposition", "content-type"):
        value = named.get(header, "")
        if value.isascii():
            result[header] = value
            continue
        try:
            result[header] = value.encode("ascii", "surrogateescape").decode()
        except ValueError:  # not UTF-8: as the library shows it
            result[header] = str(part[header])
    return result


def _body(part: Message) -> str:
    kind = part.get_content_type()
    if part.is_multipart() and kind.startswith("multipart/"):
        children = [one for one in part.get_payload() if isinstance(one, Message)]
        if kind == "multipart/alternative":
            return _best_of(children)
        if kind == "multipart/related":
            children = children[:1]
        return "\n".join(text for one in children if (text := _body(one)))
    if part.get_content_disposition() == "attachment" or part.get_filename() is not None:
        return ""
    if kind == "text/plain":
        return _plain(part)
    return html_text(_decoded_part(part)) if kind == "text/html" else ""


def _best_of(children: list[Message]) -> str:
    """Return the plain text of several renderings of one letter, else the last that has words."""
    plain = [one for one in children if one.get_content_type() == "text/plain"]
    for one in (*plain, *(child for child in reversed(children) if child not in plain)):
        if text := _body(one).strip():
            return text
    return ""


def _plain(part: Message) -> str:
    text = _decoded_part(part)
    if str(part.get_param("format", "")).lower() == "flowed":
        return unflowed(text, delete_space=str(part.get_param("delsp", "")).lower() == "yes")
    return text


def _decoded_part(part: Message) -> str:
    transfer = str(part.get("content-transfer-encoding", "")).strip().lower()
    if transfer not in _TRANSFER:
        raise _DamagedError(Reason.INVALID_MIME, "a transfer encoding that does not exist")
    before = len(part.defects)
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        raise _DamagedError(Reason.INVALID_MIME, "a text part that has parts")
    if len(part.defects) > before:
        raise _DamagedError(Reason.INVALID_MIME, "the text is not sound base64")
    charset = part.get_content_charset("")
    if not charset and part.get_content_subtype() == "html" and (found := _META_CHARSET.search(data[:4096])):
        charset = found[1].decode("ascii")
    return _text(data, charset)
