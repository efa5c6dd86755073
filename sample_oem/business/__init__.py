"""What the business systems record of the world: one module per process, one ``Frame`` per entity.

``record`` runs them in the order of causes: sales and owners, service and warranty, cases and contacts,
then the books that sum it all up. How records are exported is in ``shapes_business``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sample_oem.streams import Streams
from sample_oem.world import World

if TYPE_CHECKING:
    from sample_oem.business.frames import Frame
    from sample_oem.events import Problems, Voices


@dataclass(frozen=True)
class Business:
    """Record versions by (channel, entity), and the truth tables that say which cause lies behind them."""

    frames: dict[tuple[str, str], Frame]
    truth: dict[str, Frame] = field(default_factory=dict)


def record(
    streams: Streams,
    world: World,
    problems: Problems,
    voices: dict[str, Voices],
    first_day: int,
    days: int,
) -> Business:
    """All records of all systems."""
    from sample_oem.business import (
        books,
        campaigns,
        connected_car,
        consent,
        contacts,
        goodwill,
        insurance,
        leads,
        ownership,
        parts,
        sales,
        service,
        warranty,
    )
    from sample_oem.business.frames import Scene

    scene = Scene(streams, world, first_day, days)
    repairs, repair_frames = service.record(scene, problems)
    claims, claim_frames = warranty.record(scene, problems, repairs)
    cases, case_frames = contacts.cases(scene, problems)
    orders, sales_frames = sales.record(scene)
    frames = {
        **ownership.record(scene),
        **sales_frames,
        **insurance.record(scene, problems),
        **repair_frames,
        **claim_frames,
        **case_frames,
        **leads.record(scene, orders),
        **consent.record(scene),
        **campaigns.record(scene),
        **connected_car.record(scene),
        **parts.record(scene, repairs),
        **contacts.record(scene, problems, voices, cases),
        **goodwill.record(scene, problems, cases, claims),
    }
    frames |= books.record(scene, frames)
    truth = {"claim_cause": claims.truth(), "case_cause": cases.truth(), "repair_cause": repairs.truth()}
    return Business(frames, truth)
