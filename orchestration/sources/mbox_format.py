"""Writing an mbox (mboxrd): the one file format in which messages of all mail sources are landed.

A line of a message that starts with any number of `>` and `From ` gets one more `>`, so that the
separator is the only line that starts with `From ` and reading back gives the very message. Line ends
become LF, as everywhere in mbox files; nothing else is touched.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

_FROM_LINE = re.compile(rb"^(>*From )", re.MULTILINE)


def mbox_entry(message: bytes, arrived_at: datetime | None) -> bytes:
    """Return one message with its separator line and the empty line after it."""
    moment = (arrived_at or datetime.fromtimestamp(0, UTC)).astimezone(UTC)
    body = _FROM_LINE.sub(rb">\1", message.replace(b"\r\n", b"\n"))
    if not body.endswith(b"\n"):
        body += b"\n"
    return f"From MAILER-DAEMON {moment:%a %b} {moment.day:2d} {moment:%H:%M:%S %Y}\n".encode() + body + b"\n"
