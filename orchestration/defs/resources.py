"""What every step of a run shares: its options and the lease it holds.

The lease is taken when the run starts and dropped when it ends, so schedule, UI and command line
exclude one another. Settings are read here and nowhere else in `defs/`.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
from pydantic import Field

from orchestration.lease import LeaseHeldError, lease
from orchestration.settings import Settings


class RefreshRun(dg.ConfigurableResource):
    """Options of one refresh.

    channels: admit only these (empty: all enabled ones). full_rebuild: build everything anew.
    """

    channels: list[str] = Field(default_factory=list)
    full_rebuild: bool = False

    @property
    def settings(self) -> Settings:
        """Configuration of this installation."""
        return Settings.load()

    def wants(self, channel: str) -> bool:
        """Tell whether this run admits the channel."""
        return not self.channels or channel in self.channels

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["RefreshRun"]:
        """Hold the lease for as long as the run uses this resource."""
        run_id = context.run.run_id if context.run else "direct"
        try:
            with lease(self.settings.lease_path, f"dagster run {run_id}"):
                yield self
        except LeaseHeldError as held:
            raise dg.Failure(str(held), allow_retries=False) from held


@dg.definitions
def defs() -> dg.Definitions:
    """Register the shared resource."""
    return dg.Definitions(resources={"refresh_run": RefreshRun()})
