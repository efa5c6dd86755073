"""Parts on their way to dealers, and weekly stock; the bad lot's battery runs short two weeks in."""

from __future__ import annotations

import numpy as np

from sample_oem.business.frames import DAY_S, NONE, Frame, Scene, at, numbers, texts, timeline
from sample_oem.business.service import Repairs
from sample_oem.models import COMPONENTS

CHANNEL = "parts"
WAREHOUSES = ("WH-EAST", "WH-SOUTH", "WH-NORTH")
_HISTORY_WEEKS = 12
_SUPPLIER = {component.code: component.suppliers[0] for component in COMPONENTS}


def record(scene: Scene, repairs: Repairs) -> dict[tuple[str, str], Frame]:
    """Shipments that repairs asked for, and stock per part, warehouse and week."""
    return {
        (CHANNEL, "part_shipment"): _shipments(scene, repairs),
        (CHANNEL, "part_stock"): _stock(scene, repairs),
    }


def _shipments(scene: Scene, repairs: Repairs) -> Frame:
    row = np.flatnonzero((repairs.arrived >= -365) & (repairs.arrived < scene.days) & (repairs.key % 5 != 0))
    key, dealer = repairs.key[row], scene.world.vehicles.dealer[repairs.car[row]]
    ordered = repairs.arrived[row]
    received = ordered + np.maximum(repairs.part_wait[row], 2)
    shipped = np.maximum(received - 2, ordered)
    second = scene.second("shipment", key)
    empty = np.full(len(row), NONE)
    code = repairs.part_code[row]
    base = {
        "shipment_no": numbers("SH", repairs.problem[row], 9),
        "line_no": np.ones(len(row), dtype=np.int64),
        "part_code": code,
        "supplier_code": np.array([_SUPPLIER.get(c[:7], "S900") for c in code], dtype=object),
        "dealer_code": texts(scene.world.dealers.code, dealer),
        "quantity": 1 + scene.streams.below("quantity", 2, key),
        "is_urgent": np.where(repairs.part_wait[row] > 4, "true", "false").astype(object),
        "ordered_date": ordered,
        "shipped_date": empty,
        "received_date": empty,
    }
    return timeline(
        base,
        [
            (at(ordered, second), {}),
            (at(shipped, second + 7200), {"shipped_date": shipped}),
            (at(received, second + 10_800), {"received_date": received}),
        ],
    )


def _stock(scene: Scene, repairs: Repairs) -> Frame:
    """Stock counted each Monday: a target less the demand of two weeks; what is short is on back order."""
    monday = -(scene.first_day + 3) % 7
    weeks = np.arange(monday - 7 * _HISTORY_WEEKS, scene.days, 7)
    codes, which = np.unique(repairs.part_code.astype(str), return_inverse=True)
    part, house, week = (
        a.ravel() for a in np.meshgrid(np.arange(len(codes)), np.arange(3), weeks, indexing="ij")
    )
    house_of = scene.world.vehicles.dealer[repairs.car] % 3
    place = (repairs.arrived - weeks[0]) // 7
    seen = (place >= 0) & (place < len(weeks))
    cube = np.zeros((len(codes), 3, len(weeks)), dtype=np.int64)
    np.add.at(cube, (which[seen], house_of[seen], place[seen]), 1)
    demand = (cube + np.pad(cube, ((0, 0), (0, 0), (1, 0)))[:, :, :-1]).ravel()
    usual = np.repeat(cube.mean(axis=2).ravel(), len(weeks))
    free = 2 + np.ceil(3 * usual).astype(np.int64) - demand
    counted = week * DAY_S + 21_600
    base = {
        "part_code": texts(codes, part),
        "warehouse_code": texts(WAREHOUSES, house),
        "on_hand": np.maximum(free, 0),
        "backorder": np.maximum(-free, 0),
        "stock_date": week,
    }
    return timeline(base, [(counted, {})])
