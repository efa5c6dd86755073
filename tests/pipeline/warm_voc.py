"""Runs `voc` commands in processes of their own, forked from one that has the libraries loaded.

A refresh of a small sample is a few seconds of work behind ten seconds of imports. The suites start
hundreds; each gets a fresh process all the same (it may be killed, it has its own environment), but a
fork of a warm one. Requests are JSON lines on stdin: `{arguments, environment, folder}`; the answer is
`<folder>/result.json` with the exit code (minus the signal, if it was killed) and CPU seconds, beside
`out` and `err`. Nothing that is loaded here reads the environment of a home.

With `VOC_TEST_LIGHT=1` in its environment a command keeps Dagster's own events in memory: storing them
is a third of a small refresh, and most suites never look at them.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
import warnings
from pathlib import Path
from typing import Any

WARM_MODULES = (
    "great_expectations",
    "dbt.cli.main",
    "dbt.adapters.duckdb",
    "dagster_dbt",
    "orchestration.definitions",
    "orchestration.publishing.publisher",
    "orchestration.warehouse.control",
    "orchestration.warehouse.dbt_runner",
    "orchestration.admission.admit",
    "orchestration.scoring",
    "orchestration.brief.content",
    "orchestration.commands",
    "orchestration.refresh",
    "ml.scoring",
    "ml.score_files",
    "data_quality.gate",
    "chinese_calendar",
)


def main() -> None:
    """Load, say so, then serve until stdin ends."""
    import importlib

    from orchestration.quiet import quiet_third_party

    quiet_third_party(warnings)
    for name in WARM_MODULES:
        importlib.import_module(name)
    print("ready", flush=True)
    # Nobody waits for the supervisors.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _supervise(json.loads(line))
            os._exit(0)


def _supervise(request: dict[str, Any]) -> None:
    folder = Path(request["folder"])
    child = os.fork()
    if child == 0:
        _run(request, folder)
    (folder / "pid").write_text(str(child))
    _, status, usage = os.wait4(child, 0)
    answer = {
        "code": os.waitstatus_to_exitcode(status),
        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 2),
        "peak_mb": round(usage.ru_maxrss / 1024),
    }
    part = folder / "result.part"
    part.write_text(json.dumps(answer))
    part.rename(folder / "result.json")


def _run(request: dict[str, Any], folder: Path) -> None:
    os.setsid()
    devnull = os.open(os.devnull, os.O_RDONLY)
    os.dup2(devnull, 0)
    for name, descriptor in (("out", 1), ("err", 2)):
        os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), descriptor)
    os.environ.clear()
    os.environ.update(request["environment"])
    code = 1
    try:
        if os.environ.get("VOC_TEST_LIGHT"):
            _keep_events_in_memory()
        from orchestration.cli import main as voc

        voc(request["arguments"])
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _keep_events_in_memory() -> None:
    import dagster as dg

    from orchestration import event_log

    event_log.instance_in = lambda _home: dg.DagsterInstance.ephemeral()


if __name__ == "__main__":
    main()
