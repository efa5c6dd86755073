"""Running a measured side: a process of its own, CPU seconds and peak memory from the kernel.

CPU seconds (user + system, finished children included) are the basis of every ratio: on a shared
machine wall time says more about the neighbours than about the program.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parent.parent


class SideFailedError(RuntimeError):
    """A measured side ended with an error; says which command and the end of its output."""


@dataclass(frozen=True)
class Cost:
    """What one child process (and what it waited for) used: seconds and MB."""

    cpu_s: float
    wall_s: float
    peak_mb: float


def run_child(command: Sequence[str], env: Mapping[str, str], cwd: Path = PROJECT_ROOT) -> tuple[Cost, str]:
    """Run `command` to its end; return its cost and its standard output.

    Raises:
        SideFailedError: the process returned something else than 0.

    """
    started = time.monotonic()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        child = subprocess.Popen(command, env=dict(env), cwd=cwd, stdout=out, stderr=err)
        # wait4 gives the usage of this child and its children alone, not of all there ever were.
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - started
        out.seek(0)
        err.seek(0)
        output, errors = out.read(), err.read()
    if child.returncode != 0:
        raise SideFailedError(
            f"{' '.join(command)} ended with {child.returncode}\n{output[-3000:]}\n{errors[-3000:]}"
        )
    return Cost(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024), output


def child_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a measured side: byte code kept, telemetry off, no inherited VOC_*."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("VOC_", "DAGSTER_")) and name != "PYTHONDONTWRITEBYTECODE"
    }
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}"
    fixed = {
        "PYTHONPATH": str(PROJECT_ROOT),
        "PATH": path,
        "DO_NOT_TRACK": "1",
        "GX_ANALYTICS_ENABLED": "false",
    }
    return kept | fixed | dict(extra)


def machine() -> dict[str, float | int | str]:
    """Return cores, load average and versions that matter."""
    import duckdb

    return {
        "cores": os.cpu_count() or 0,
        "load_1m": round(os.getloadavg()[0], 2),
        "python": sys.version.split()[0],
        "duckdb": duckdb.__version__,
    }


def median(values: Sequence[float]) -> float:
    """Return the median, 0.0 of nothing."""
    return statistics.median(values) if values else 0.0
