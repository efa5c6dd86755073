"""Mails to the customer service as one mbox a day, written part by part.

RFC 5322 messages in the charsets and transfer encodings that mail programs here use: UTF-8 and GB18030,
base64, quoted-printable and 8 bit, plain text, HTML or both, sometimes an attachment. The mbox is of the
``mboxrd`` kind: lines that would look like a separator carry one more ``>``.
"""

from __future__ import annotations

import binascii
import html
import quopri
import re
from base64 import b64encode
from datetime import date, timedelta

from sample_oem import identifiers
from sample_oem.channels.desk import Desk
from sample_oem.context import Context
from sample_oem.registry import Channel, EntityFile, register
from sample_oem.spoken import Row
from sample_oem.truth import Item
from sample_oem.voices.surface import SIMPLIFIED
from sample_oem.voices.written import LetterWriter

SERVICE = "service@qilan-auto.example"
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_HOSTS = ("mail.qq.com", "m12.mail.163.com", "smtp.126.com", "mx.foxmail.com", "mail.139.com")
_SEPARATOR_LIKE = re.compile(rb"^(>*From )", re.MULTILINE)
_WIDTH = 76
_ATTACHED = ("故障照片.jpg", "维修工单.pdf", "购车合同.pdf", "检测报告.png", "video_0301.mp4", "发票.jpg")
_TRANSFERS = (
    ("utf-8", "base64"), ("utf-8", "base64"), ("utf-8", "quoted-printable"), ("gb18030", "base64"),
    ("gb18030", "quoted-printable"), ("utf-8", "8bit"), ("gb2312", "base64"),
)  # fmt: skip


def customer_mail(context: Context) -> list[Item]:
    """客户邮件: letters, automatic answers and adverts in one mailbox."""
    desk = Desk(context, "customer_mail", "mail", LetterWriter, "owner")
    return [_mail(desk, row) for row in desk.rows()]


def _mail(desk: Desk[LetterWriter], row: Row) -> Item:
    context, rng = desk.context, desk.rng
    day = context.date(row.day).replace("-", "")
    number = f"<{day}.{row.number:07d}.{rng.randrange(16**8):08x}@{rng.choice(_HOSTS)}>"
    noise, script = desk.noise_kind(row), SIMPLIFIED
    head = {"Message-ID": number}
    if noise:
        subject, body, quoted = _machine(desk, row, noise, head)
    else:
        subject, body, quoted, script = _letter(desk, row, number)
        if quoted:
            head["In-Reply-To"] = f"<{rng.randrange(10**12):012d}@qilan-auto.example>"
    desk.account.note(row, number, noise=noise, script=script, role="bot" if noise == "bot" else "")
    second = desk.second(row)
    head = {
        "From": _sender(desk, row, noise),
        "To": f"{_word('启岚客服', 'utf-8')} <{SERVICE}>",
        "Date": rfc_date(context.date(row.day), second, rng.random() < 0.06),
        **head,
    }
    line = _message(desk, head, subject, body + quoted)
    return Item(row.day, "mail", (number,), line, context.date(row.day), number)


def _machine(desk: Desk[LetterWriter], row: Row, noise: str, head: dict[str, str]) -> tuple[str, str, str]:
    if noise == "empty":
        return "", desk.noise.text("empty", row.vehicle), ""
    if noise == "bot":
        head["Auto-Submitted"] = "auto-replied"
    else:
        head["List-Unsubscribe"] = "<mailto:unsubscribe@promo.example>"
    return (*desk.composer.machine(row.vehicle, noise), "")


def _letter(desk: Desk[LetterWriter], row: Row, number: str) -> tuple[str, str, str, str]:
    """(subject, own text with signature, quoted history, script)."""
    world, topics, moods = desk.context.world, *desk.topics(row, 0.35)
    name = world.customers.name[row.speaker] if row.speaker >= 0 else desk.stranger()
    letter = desk.composer.letter(row.vehicle, topics, moods, name)
    told = desk.claimed(row, letter.body)
    body = desk.personal.maybe(told, row.vehicle, number, row.day, row.speaker)
    subject, script = letter.subject, SIMPLIFIED
    if body == told:
        body, script = desk.surfaced(body)
    signature = letter.signature
    if desk.rng.random() < 0.4:
        signature += f"\n{desk.keys.phone(row)}"
    if desk.rng.random() < 0.25 and row.speaker >= 0:
        signature += f"\nVIN: {world.vehicles.vin[row.vehicle]}"
    quoted = f"\n\n{letter.quoted}" if letter.quoted else ""
    return subject, f"{body}\n\n--\n{signature}", quoted, script


def _sender(desk: Desk[LetterWriter], row: Row, noise: str) -> str:
    people = desk.context.world.customers
    if noise == "advert":
        return f"{_word('优惠通知', 'utf-8')} <news{row.number % 9}@promo.example>"
    if row.speaker < 0:
        return identifiers.mails(desk.personal.numbers, [desk.keys.phone(row)])[0]
    mail = people.mail[row.speaker]
    mail = mail or identifiers.mails(desk.personal.numbers, [people.phone[row.speaker]])[0]
    return f"{_word(people.name[row.speaker], 'utf-8')} <{mail}>" if desk.rng.random() < 0.7 else mail


def rfc_date(day: str, second: int, is_utc: bool) -> str:
    """``Sun, 01 Mar 2026 10:00:00 +0800``, or the same moment in UTC."""
    when = date.fromisoformat(day)
    if is_utc:
        second -= 8 * 3600
        if second < 0:
            when, second = when - timedelta(days=1), second + 86_400
    clock = f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
    zone = "+0000" if is_utc else "+0800"
    return f"{_DAYS[when.weekday()]}, {when.day:02d} {_MONTHS[when.month - 1]} {when.year} {clock} {zone}"


def _word(text: str, charset: str) -> str:
    """Encode a header text as encoded words of at most 75 characters (RFC 2047)."""
    if text.isascii():
        return text
    step = 15 if charset == "utf-8" else 20
    parts = [text[i : i + step] for i in range(0, len(text), step)]
    return "\n ".join(f"=?{charset}?B?{b64encode(part.encode(charset)).decode()}?=" for part in parts)


def _message(desk: Desk[LetterWriter], head: dict[str, str], subject: str, body: str) -> bytes:
    """One message of the mailbox, from its ``From `` line to the blank line after it."""
    rng = desk.rng
    charset, transfer = _TRANSFERS[rng.randrange(len(_TRANSFERS))]
    if charset == "gb2312" and not _fits(body + subject, "gb2312"):
        charset = "gb18030"
    form = rng.random()
    lines = [f"{name}: {value}" for name, value in head.items()]
    lines += [f"Subject: {_word(subject, charset)}", "MIME-Version: 1.0"]
    if form < 0.62:
        content = _part(body, "plain", charset, transfer)
    elif form < 0.74:
        content = _part(as_html(body), "html", charset, transfer)
    else:
        parts = [_part(body, "plain", charset, transfer), _part(as_html(body), "html", charset, transfer)]
        kind = "alternative"
        if form > 0.92:
            parts, kind = [parts[0], _attachment(rng.choice(_ATTACHED), rng.randbytes(48))], "mixed"
        content = _multipart(kind, f"=_{rng.randrange(16**12):012x}", parts)
    payload = "\n".join(lines).encode() + b"\n" + content
    payload = _SEPARATOR_LIKE.sub(rb">\1", payload)
    return b"From MAILER-DAEMON Thu Jan  1 00:00:00 2026\n" + payload.rstrip(b"\n") + b"\n\n"


def _fits(text: str, charset: str) -> bool:
    try:
        text.encode(charset)
    except UnicodeEncodeError:
        return False
    return True


def as_html(body: str) -> str:
    """Return the text as the HTML a mail program makes of it; quoted history as a blockquote."""
    own, mark, quoted = body.partition("\n\n-----")
    lines = "".join(f"<div>{html.escape(line) or '<br>'}</div>" for line in own.split("\n"))
    if mark:
        inner = "<br>\n".join(html.escape(line) for line in f"-----{quoted}".split("\n"))
        lines += f'<blockquote type="cite">{inner}</blockquote>'
    style = "<style>div{font-family:微软雅黑;font-size:14px}</style>"
    return f"<html><head>{style}</head><body>\n{lines}\n</body></html>"


def _part(text: str, kind: str, charset: str, transfer: str) -> bytes:
    """Headers and encoded body of one text part."""
    raw = text.encode(charset)
    if transfer == "base64":
        coded = binascii.b2a_base64(raw, newline=False)
        coded = b"\n".join(coded[i : i + _WIDTH] for i in range(0, len(coded), _WIDTH))
    else:
        coded = quopri.encodestring(raw) if transfer == "quoted-printable" else raw
    head = f'Content-Type: text/{kind}; charset="{charset}"\nContent-Transfer-Encoding: {transfer}\n\n'
    return head.encode() + coded + b"\n"


def _attachment(name: str, content: bytes) -> bytes:
    word = _word(name, "utf-8")
    head = (
        f'Content-Type: application/octet-stream; name="{word}"\nContent-Transfer-Encoding: base64\n'
        f'Content-Disposition: attachment; filename="{word}"\n\n'
    )
    return head.encode() + b64encode(content) + b"\n"


def _multipart(kind: str, mark: str, parts: list[bytes]) -> bytes:
    head = f'Content-Type: multipart/{kind}; boundary="{mark}"\n\n'.encode()
    fence = f"--{mark}\n".encode()
    return head + b"".join(fence + part for part in parts) + f"--{mark}--\n".encode()


# -- damage ---------------------------------------------------------------------------------------
def _without(header: bytes, reason: str, name: str) -> tuple[str, str, bytes]:
    return reason, name, header


def _no_id(line: bytes, _n: int) -> tuple[str, str, bytes]:
    return _without(re.sub(rb"\nMessage-ID: [^\n]*", b"", line), "missing_value", "message_no")


def _no_date(line: bytes, _n: int) -> tuple[str, str, bytes]:
    return _without(re.sub(rb"\nDate: [^\n]*", b"", line), "missing_value", "sent_at")


def _bad_date(line: bytes, _n: int) -> tuple[str, str, bytes]:
    return _without(
        re.sub(rb"\nDate: [^\n]*", b"\nDate: yesterday afternoon", line), "invalid_time", "sent_at"
    )


def register_all() -> None:
    """Enter the channel of this module."""
    mail = EntityFile("inbox_{date}.mbox", layout="mbox", breaks=(_no_id, _no_date, _bad_date))
    register(Channel("customer_mail", customer_mail, 145, {"mail": mail}))
