"""What cars report: software releases, waves by city, installs, part lots, monthly use."""

from __future__ import annotations

import numpy as np

from sample_oem.business.frames import DAY_S, Frame, Scene, at, numbers, stack, texts, timeline
from sample_oem.business.service import mileage
from sample_oem.business.warranty import lot_number
from sample_oem.models import COMPONENTS, MODEL_INDEX, MODELS
from sample_oem.places import CITIES

CHANNEL = "connected_car"
_HISTORY_MONTHS = 6
_FIX = "OTA-L7-31"


def record(scene: Scene) -> dict[tuple[str, str], Frame]:
    """Versions of all records of the cars' platform."""
    return {
        (CHANNEL, "ota_release"): _releases(scene),
        (CHANNEL, "ota_wave"): _waves(scene),
        (CHANNEL, "software_install"): _installs(scene),
        (CHANNEL, "vehicle_part_lot"): _lots(scene),
        (CHANNEL, "vehicle_usage"): _usage(scene),
    }


def _releases(scene: Scene) -> Frame:
    """One first release per model, and the update of the screen."""
    day = np.array([m.launched for m in MODELS], dtype="datetime64[D]").astype(int) - scene.first_day
    fix = scene.opens("ota_pilot") - 2
    codes = [m.code for m in MODELS]
    base = {
        "release_no": np.array([f"OTA-{n + 1:02d}-10" for n in range(len(MODELS))] + [_FIX], dtype=object),
        "software_version": np.array(["1.0.0"] * len(MODELS) + ["3.1.0"], dtype=object),
        "vehicle_model_code": np.array([*codes, "QL-L7-23R"], dtype=object),
        "aspect_tag": np.array([""] * len(MODELS) + ["ICT-SCR"], dtype=object),
        "release_note": np.array(["出厂版本"] * len(MODELS) + ["优化中控菜单层级，修复卡顿"], dtype=object),
        "released_date": np.append(day, fix),
    }
    return timeline(base, [(base["released_date"] * DAY_S + 32_400, {})])


def _waves(scene: Scene) -> Frame:
    start = scene.world.life.ota.start - scene.first_day
    pilot = scene.world.life.ota.is_pilot
    base = {
        "release_no": np.full(len(CITIES), _FIX, dtype=object),
        "wave_no": np.where(pilot, 1, 2),
        "city": np.array([c.name for c in CITIES], dtype=object),
        "is_pilot": np.where(pilot, "true", "false").astype(object),
        "start_date": start,
    }
    return timeline(base, [((start - 1) * DAY_S + 32_400, {})])


def _installs(scene: Scene) -> Frame:
    cars, life = scene.world.vehicles, scene.world.life
    sold = cars.sold.astype(int) - scene.first_day
    first = {
        "vin": np.array(cars.vin, dtype=object),
        "software_version": np.full(len(sold), "1.0.0", dtype=object),
        "release_no": numbers("OTA-", cars.model + 1, 2) + "-10",
        "result": np.full(len(sold), "成功", dtype=object),
        "installed_at": sold * DAY_S + 7200,
    }
    row = np.flatnonzero(life.ota.installed >= 0)
    row = row[cars.model[row] == MODEL_INDEX["QL-L7-23R"]]
    day = life.ota.installed[row] - scene.first_day
    done = at(day, scene.second("install", cars.number[row]))
    update = {
        "vin": first["vin"][row],
        "software_version": np.full(len(row), "3.1.0", dtype=object),
        "release_no": np.full(len(row), _FIX, dtype=object),
        "result": np.full(len(row), "成功", dtype=object),
        "installed_at": done,
    }
    return stack([timeline(first, [(first["installed_at"], {})]), timeline(update, [(done, {})])])


def _lots(scene: Scene) -> Frame:
    cars = scene.world.vehicles
    car = np.arange(len(cars.vin))
    built = cars.built.astype(int) - scene.first_day
    sold = cars.sold.astype(int) - scene.first_day
    parts = []
    for n, component in enumerate(COMPONENTS):
        which = np.full(len(car), n)
        base = {
            "vin": np.array(cars.vin, dtype=object),
            "component_code": np.full(len(car), component.code, dtype=object),
            "supplier_code": texts(component.suppliers, cars.supplier[:, n]),
            "lot_no": lot_number(scene, car, which, cars.supplier[:, n]),
            "built_date": built,
        }
        parts.append(timeline(base, [(sold * DAY_S + 3600 + n, {})]))
    return stack(parts)


def _usage(scene: Scene) -> Frame:
    """Use per car and month, reported on the second of the next one; the app is used less before leaving."""
    first = np.datetime64(scene.first_day, "D").astype("datetime64[M]") - _HISTORY_MONTHS
    last = np.datetime64(scene.first_day + scene.days, "D").astype("datetime64[M]")
    cars, parts = scene.world.vehicles, []
    sold = cars.sold.astype(int) - scene.first_day
    for month in np.arange(first, last):
        begins = int(month.astype("datetime64[D]").astype(int)) - scene.first_day
        ends = int((month + 1).astype("datetime64[D]").astype(int)) - scene.first_day
        car = np.flatnonzero(
            (sold < ends) & ((cars.next_owner >= 0) | (cars.handed.astype(int) - scene.first_day > ends))
        )
        number, owner = cars.number[car], scene.holder(car, np.full(len(car), begins))
        until, since = (
            mileage(scene, car, np.full(len(car), ends)),
            mileage(scene, car, np.full(len(car), begins)),
        )
        soon = scene.has_left(owner, np.full(len(car), ends + 120))
        opens = scene.streams.below("app opens", 22, number, ends) // np.where(soon, 4, 1)
        base = {
            "vin": texts(cars.vin, car),
            "month": np.full(len(car), begins),
            "odometer_km": until,
            "distance_km": np.maximum(until - since, 0),
            "active_days": 8 + scene.streams.below("active", 20, number, ends),
            "app_open_days": opens,
        }
        parts.append(timeline(base, [(np.full(len(car), (ends + 1) * DAY_S + 10_800), {})]))
    return stack(parts)
