"""One refresh at a time: the lease refuses a second process and is freed by a death."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from orchestration.lease import LeaseHeldError, lease

HOLDER = textwrap.dedent(
    """
    import sys, time
    from pathlib import Path
    from orchestration.lease import lease
    with lease(Path(sys.argv[1]), "holder"):
        print("held", flush=True)
        time.sleep(60)
    """
)


@pytest.fixture
def holder(tmp_path: Path):
    path = tmp_path / "lease.lock"
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "held"
    yield path, process
    process.kill()
    process.wait()


def test_second_process_is_refused_and_told_who_holds_it(holder):
    path, process = holder
    with pytest.raises(LeaseHeldError, match=str(process.pid)), lease(path, "second"):
        pass


def test_killed_holder_frees_the_lease(holder):
    path, process = holder
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    with lease(path, "next"):
        assert str(os.getpid()) in path.read_text()


def test_nested_use_in_one_process_passes_through(tmp_path: Path):
    path = tmp_path / "lease.lock"
    with lease(path, "outer"):
        with lease(path, "inner"):
            pass
        assert _exit_code_of_child(path) == 75, "the inner exit must not drop the outer lease"
    assert _exit_code_of_child(path) == 0


def _exit_code_of_child(path: Path) -> int:
    code = (
        "import sys\nfrom pathlib import Path\nfrom orchestration.lease import lease, LeaseHeldError\n"
        "try:\n    with lease(Path(sys.argv[1]), 'child'): pass\n"
        "except LeaseHeldError: sys.exit(75)\n"
    )
    return subprocess.run([sys.executable, "-c", code, str(path)], check=False).returncode
