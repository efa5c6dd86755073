"""Notices to people: a line in a file and, if configured, a webhook call.

Called for run failures, sources that cannot be read, stale or withheld channels and open equations. A
notice never holds record text. A webhook that does not answer is itself noted in the file and never
fails a run.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from orchestration.settings import Settings

WEBHOOK_TIMEOUT_S = 5
KINDS = ("run_failed", "collect_failed", "channel_stale", "channel_withheld", "equation_open", "gate_failed")


@dataclass(frozen=True)
class Notice:
    """One thing a person should know."""

    kind: str
    subject: str
    message: str
    as_of: str | None = None


def notify(settings: Settings, notices: list[Notice]) -> None:
    """Append the notices to the configured file and post them to the configured webhook."""
    if not notices:
        return
    path = settings.home / settings.notify.get("file", "notifications.jsonl")
    sent_at = datetime.now(UTC).isoformat(timespec="seconds")
    rows = [asdict(notice) | {"sent_at": sent_at} for notice in notices]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as stream:
        for row in rows:
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
        error = _post(settings.notify.get("webhook") or "", rows)
        if error:
            stream.write(json.dumps({"kind": "webhook_failed", "message": error, "sent_at": sent_at}) + "\n")


def _post(url: str, rows: list[dict[str, str | None]]) -> str | None:
    """Post to the webhook; return what went wrong, or None."""
    if not url:
        return None
    if not url.startswith(("http://", "https://")):
        return "notify.webhook is not an http(s) address; mend voc.yml or VOC_WEBHOOK_URL"
    body = json.dumps({"notices": rows}, ensure_ascii=False).encode("utf-8")
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=WEBHOOK_TIMEOUT_S):  # noqa: S310
            return None
    except (urllib.error.URLError, OSError, ValueError) as failure:
        return f"webhook did not take the notice: {type(failure).__name__}"
