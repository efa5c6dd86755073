"""The `voc` command: a thin door to the same jobs and rooms everything else uses.

Sub-commands live beside what they drive; this module only registers them, lazily, so that
`voc status` does not wait for libraries it does not need. Exit codes: docs/interfaces.md §11.
"""

from __future__ import annotations

import getpass
import importlib
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import click

COMMANDS = {
    "brief": "orchestration.brief.commands:brief_command",
    "collect": "orchestration.sources.commands:collect_command",
    "dbt": "orchestration.commands:dbt",
    "deliver": "orchestration.sources.commands:deliver_command",
    "identity": "orchestration.identity_commands:identity_group",
    "init-home": "orchestration.commands:init_home",
    "keys": "orchestration.admission.keys:keys_group",
    "publish": "orchestration.commands:publish",
    "quarantine": "orchestration.admission.commands:quarantine_group",
    "refresh": "orchestration.commands:refresh",
    "retention": "orchestration.sources.commands:retention_command",
    "scaffold": "orchestration.scaffold:scaffold_command",
    "rollback": "orchestration.publishing.commands:rollback_command",
    "spark": "orchestration.spark.commands:spark_group",
    "sql": "orchestration.publishing.commands:sql_command",
    "status": "orchestration.commands:status",
}
EXIT_BAD_CONFIG = 65


class LazyGroup(click.Group):
    """A group that imports a sub-command when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names of all sub-commands."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return one sub-command."""
        target = COMMANDS.get(cmd_name)
        if target is None:
            return None
        module, _, name = target.partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="voc-warehouse")
@click.pass_context
def voc(context: click.Context) -> None:
    """Voice-of-Customer warehouse: deliver, refresh, publish, ask."""
    context.obj = write_audit


def write_audit(action: str, details: Mapping[str, Any]) -> None:
    """Enter what a person did into the ledger's audit chain."""
    from orchestration.admission.ledger import Ledger, append_audit
    from orchestration.admission.ledger_types import AuditEntry
    from orchestration.settings import Settings

    who = getpass.getuser()
    with Ledger.open(Settings.load()) as ledger, ledger.transaction() as connection:
        append_audit(connection, AuditEntry(datetime.now(UTC), who, action, "published", dict(details)))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; known errors end in one line and an exit code, never in a traceback."""
    from data_quality.contract import ContractError
    from orchestration.admission.ledger import LedgerError
    from orchestration.settings import ConfigError

    try:
        voc.main(
            args=list(arguments) if arguments is not None else None, prog_name="voc", standalone_mode=True
        )
    except (ConfigError, ContractError, LedgerError) as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(EXIT_BAD_CONFIG)


if __name__ == "__main__":
    main()
