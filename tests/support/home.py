"""A home of its own for a test: keys, deliveries of the sample carmaker, `voc` in its own process.

`samples` makes small deliveries once per session and arguments; `Home` lands them and runs commands;
`Warm` is the process that commands are forked from (tests/pipeline/warm_voc.py). What a suite claims
about a home is read by `Home.hashes`, `.ledger_state` and `.published_content`.
"""

from __future__ import annotations

import csv
import fcntl
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from orchestration.admission.ledger import Ledger
from orchestration.partitions import business_date
from orchestration.settings import PROJECT_ROOT, Settings
from orchestration.sources.landing import deliver
from sample_oem import generate
from tests.support.table_hash import table_hashes

# One pair of keys for all homes: homes are compared with one another, and keys name every record.
KEYS = {"id_key": "1d" * 32, "pseudonym_key": "2e" * 32, "pseudonym_key_version": 1}
TIMEOUT_S = 900
# Dagster's own events in memory (see warm_voc): for suites that do not look at them.
LIGHT = {"VOC_TEST_LIGHT": "1"}
LEDGER_STATE = {
    "delivery": "select * from delivery order by delivery_id",
    "file": "select zone, channel, entity, ingest_date, path, sha256, rows, bytes, delivery_id, "
    "scorer_version, status from file order by path",
    "record_key": "select e.channel, e.entity, hex(record_id), hex(voice_id), version, hex(content_hash), "
    "event_date, is_deleted, first_sighting, content_sighting, delivery_id "
    "from record_key join entity as e using (entity_id) order by 1, 2, 3",
    "past_content": "select e.channel, e.entity, hex(record_id), hex(content_hash), sighting "
    "from past_content join entity as e using (entity_id) order by 1, 2, 3, 4",
    "touched_day": "select * from touched_day order by delivery_id, entity, event_date",
    "quarantine": "select * from quarantine order by quarantine_id",
    "subject_file": "select subject_key, f.path from subject_file join file as f using (file_id) "
    "order by 1, 2",
}


@dataclass(frozen=True)
class Delivered:
    """One file of a `deliveries.csv`."""

    channel: str
    path: Path
    received_at: datetime


@dataclass(frozen=True)
class Outcome:
    """What a command came to: exit code (negative: the signal), output, CPU seconds of its process."""

    code: int
    out: str
    err: str
    cpu_seconds: float = 0.0

    @property
    def was_killed(self) -> bool:
        return self.code == -9

    def ok(self) -> Outcome:
        """Fail the test with the command's own words unless it ended well."""
        assert self.code == 0, f"exit {self.code}\n{self.out}\n{self.err}"
        return self

    def no_traceback(self) -> Outcome:
        assert "Traceback" not in self.out + self.err, self.err
        return self


class Running:
    """A command that has been started."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def has_ended(self) -> bool:
        return (self.folder / "result.json").is_file()

    def wait(self, timeout_s: float = TIMEOUT_S) -> Outcome:
        limit = time.monotonic() + timeout_s
        while not self.has_ended:
            if time.monotonic() > limit:
                err = (self.folder / "err").read_text(errors="replace")
                raise AssertionError(f"no end after {timeout_s} s\n{err}")
            time.sleep(0.02)
        result = json.loads((self.folder / "result.json").read_text())
        texts = [(self.folder / name).read_text(errors="replace") for name in ("out", "err")]
        shutil.rmtree(self.folder, ignore_errors=True)
        return Outcome(result["code"], *texts, cpu_seconds=result["cpu_seconds"])


class Warm:
    """The process that commands are forked from; started at first use."""

    def __init__(self, root: Path, project: Path = PROJECT_ROOT) -> None:
        self.root = root
        self.project = project
        self._process: subprocess.Popen[str] | None = None

    def start(self, arguments: Sequence[str], environment: dict[str, str]) -> Running:
        process = self._process or self._open()
        folder = Path(tempfile.mkdtemp(dir=self.root, prefix="voc-"))
        request = {"arguments": list(arguments), "environment": environment, "folder": str(folder)}
        assert process.stdin is not None
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
        return Running(folder)

    def _open(self) -> subprocess.Popen[str]:
        self._process = subprocess.Popen(
            [sys.executable, str(PROJECT_ROOT / "tests" / "pipeline" / "warm_voc.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=self.project,
            env=plain_environment(self.project),
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"
        return self._process

    def close(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            self._process.wait(30)


def plain_environment(project: Path = PROJECT_ROOT) -> dict[str, str]:
    """The environment without anything that points at a home."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("VOC_", "DAGSTER_HOME"))
    }
    return kept | {
        "PYTHONPATH": str(project),
        "PYTHONDONTWRITEBYTECODE": "1",
        "DAGSTER_DISABLE_TELEMETRY": "yes",
        "COLUMNS": "160",
    }


@dataclass
class Home:
    """One home under `root`: `root/home`, `root/keys.json`."""

    root: Path
    warm: Warm
    extra: dict[str, str] = field(default_factory=dict)

    @classmethod
    def create(cls, root: Path, warm: Warm, *, parsed: Path | None = None, **extra: str) -> Home:
        """Create an empty home; `parsed` is a home whose parsed dbt project is taken over."""
        root.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(root / "keys.json", os.O_WRONLY | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "w") as stream:
            json.dump(KEYS, stream)
        home = cls(root, warm, extra)
        home.path.mkdir(exist_ok=True)
        if parsed is not None:
            shutil.copytree(parsed / "dbt", home.path / "dbt")
        return home

    def copy(self, root: Path) -> Home:
        """Copy everything to a new root."""
        shutil.copytree(self.root, root, symlinks=True)
        return Home(root, self.warm, dict(self.extra))

    @property
    def path(self) -> Path:
        return self.root / "home"

    @property
    def environment(self) -> dict[str, str]:
        return plain_environment(self.warm.project) | {
            "VOC_HOME": str(self.path),
            "VOC_KEYS": str(self.root / "keys.json"),
            **self.extra,
        }

    @property
    def settings(self) -> Settings:
        return Settings.load(self.environment)

    # -- doing ------------------------------------------------------------------------------

    def land(self, rows: Iterable[Delivered]) -> int:
        """Land files under their own times of receipt, in this process."""
        settings, count = self.settings, 0
        with Ledger.open(settings) as ledger:
            for row in rows:
                deliver(settings, ledger, row.channel, [row.path], received_at=row.received_at)
                count += 1
        return count

    def start(self, *arguments: str, **environment: str) -> Running:
        """Start a `voc` command in a forked process."""
        return self.warm.start(arguments, self.environment | environment)

    def voc(self, *arguments: str, **environment: str) -> Outcome:
        """Run a `voc` command in a forked process."""
        return self.start(*arguments, **environment).wait()

    def voc_cold(self, *arguments: str, options: Sequence[str] = (), **environment: str) -> Outcome:
        """Run a `voc` command as a person would: a new interpreter."""
        done = subprocess.run(
            [sys.executable, *options, "-m", "orchestration.cli", *arguments],
            cwd=self.warm.project,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    def sql(self, statement: str, audience: str = "bi") -> list[dict[str, Any]]:
        """Ask the published version, in this process."""
        from orchestration.publishing.query import run_sql

        return json.loads(run_sql(self.settings, audience, statement, "json"))

    # -- looking ----------------------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        from orchestration.status import status_document

        return status_document(self.settings)

    def hashes(self) -> dict[str, str]:
        return table_hashes(self.settings.warehouse_path)

    def ledger_state(self) -> dict[str, list[Any]]:
        """Every row of the ledger that says what is known now (not who ran what and when)."""
        connection = sqlite3.connect(self.settings.ops_path)
        try:
            return {name: connection.execute(query).fetchall() for name, query in LEDGER_STATE.items()}
        finally:
            connection.close()

    def published_versions(self) -> dict[str, str | None]:
        """The version id (a hash of its content) each audience reads."""
        return {
            audience: self.published_manifest(audience).get("version_id")
            for audience in self.settings.audiences
        }

    def published_manifest(self, audience: str) -> dict[str, Any]:
        path = self.path / "published" / audience / "current" / "manifest.json"
        return json.loads(path.read_bytes()) if path.is_file() else {}

    def published_bytes(self) -> dict[str, str]:
        """Hash of every file under `published/`, and where every link points."""
        found = {}
        for path in sorted((self.path / "published").rglob("*")):
            name = str(path.relative_to(self.path))
            if path.is_symlink():
                found[name] = f"-> {path.readlink()}"
            elif path.is_file():
                found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        return found

    def published_hashes(self) -> dict[str, dict[str, str]]:
        """Hash of every table each audience reads, but the one that tells when the version was made."""
        found = {}
        for audience in self.settings.audiences:
            database = self.path / "published" / audience / "current" / f"voc_{audience}.duckdb"
            if database.is_file():
                hashes = table_hashes(database, ("core", "experience", "finance", "reports"))
                hashes.pop("reports.rpt_published_version")
                found[audience] = hashes
        return found

    def files(self) -> set[str]:
        """Every file of the zones that the ledger, or a version, must account for."""
        zones = (
            "landing",
            "raw",
            "scores",
            "restricted/originals",
            "restricted/identity",
            "restricted/dispositions",
        )
        return {
            str(path.relative_to(self.path))
            for zone in zones
            for path in (self.path / zone).rglob("*")
            if path.is_file() and not path.name.startswith("score_cache")
        }

    def state(self) -> dict[str, Any]:
        """All that two homes with the same past must agree on."""
        return {
            **{f"table {name}": value for name, value in self.hashes().items()},
            **{f"ledger {name}": value for name, value in self.ledger_state().items()},
            "published": self.published_versions(),
            "published tables": self.published_hashes(),
            "files": sorted(self.files()),
            "leftovers": [name for name in self.published_bytes() if ".tmp-" in name],
        }

    def notices(self) -> list[dict[str, Any]]:
        path = self.path / "notifications.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []


def differences(left: dict[str, Any], right: dict[str, Any]) -> dict[str, Any]:
    """What differs between two states, by name, short enough to read."""
    found = {}
    for name in sorted(left.keys() | right.keys()):
        one, other = left.get(name), right.get(name)
        if one == other:
            continue
        if isinstance(one, list) and isinstance(other, list):
            found[name] = {
                "only left": [row for row in one if row not in other][:3],
                "only right": [row for row in other if row not in one][:3],
            }
        else:
            found[name] = (one, other)
    return found


def read_manifest(folder: Path) -> list[Delivered]:
    """Return the rows of a `deliveries.csv` in order of receipt."""
    with (folder / "deliveries.csv").open(encoding="utf-8", newline="") as stream:
        return [
            Delivered(row["channel"], folder / row["file"], datetime.fromisoformat(row["received_at"]))
            for row in csv.DictReader(stream)
        ]


def split(rows: Sequence[Delivered], last_days: int = 1) -> tuple[list[Delivered], list[Delivered]]:
    """Split deliveries into those before the last `last_days` days of receipt and those of them."""
    days = sorted({business_date(row.received_at) for row in rows})
    first = days[-last_days]
    return (
        [row for row in rows if business_date(row.received_at) < first],
        [row for row in rows if business_date(row.received_at) >= first],
    )


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let one test process at a time make what all of them share."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def made_once(folder: Path, make: Callable[[Path], None]) -> Path:
    """Make `folder` unless another test process has; a half-made one is made again."""
    with locked(folder.with_name(folder.name + ".lock")):
        if not (folder / ".done").is_file():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            make(folder)
            (folder / ".done").touch()
    return folder


def samples(root: Path, **arguments: Any) -> list[Delivered]:
    """Return small deliveries of the sample carmaker, made once per `root` and arguments."""
    wanted = {"days": 10, "owners": 150, "voices_per_day": 30.0, "seed": 7} | arguments
    name = hashlib.sha256(repr(sorted(wanted.items())).encode()).hexdigest()[:12]

    def make(folder: Path) -> None:
        generate(folder / "deliveries", folder / "truth", **wanted)

    return read_manifest(made_once(root / f"sample-{name}", make) / "deliveries")
