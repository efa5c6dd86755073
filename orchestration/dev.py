"""`make dev`: the Dagster UI over this installation, on the loopback interface only."""

from __future__ import annotations

import os
import subprocess
import sys

from orchestration.refresh import dagster_home
from orchestration.settings import Settings


def main() -> int:
    """Start `dagster dev` with the home's run storage; return its exit code."""
    settings = Settings.load()
    environment = os.environ | {"DAGSTER_HOME": str(dagster_home(settings))}
    command = [
        sys.executable,
        "-m",
        "dagster",
        "dev",
        "-w",
        "workspace.yaml",
        "-h",
        "127.0.0.1",
        "-p",
        "3000",
    ]
    return subprocess.run(command, cwd=settings.project_root, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
