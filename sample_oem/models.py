"""What is built and sold: brand, rivals, models, tracked components and the code lists people are sorted by.

Constants only; who owns which car is in ``world``, what troubles it in ``catalogue``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sample_oem.places import CITIES, PROVINCES

BRAND = "启岚"
WMI = "L0R"  # a world manufacturer identifier nobody holds; VINs know no I, O and Q
RIVALS: tuple[tuple[str, str], ...] = (
    ("衡岳", "衡岳S3"),
    ("衡岳", "衡岳S6"),
    ("朔风", "朔风X7"),
    ("朔风", "朔风E2"),
    ("赤霄", "赤霄GT"),
    ("星桥", "星桥V5"),
    ("星桥", "星桥元一"),
    ("沐野", "沐野T9"),
)


@dataclass(frozen=True)
class VehicleModel:
    """One sold variant: series, trim, model year and what drives it."""

    code: str
    series: str
    trim: str
    model_year: int
    powertrain: str
    vds: str
    plant: str
    launched: str
    share: float

    @property
    def name(self) -> str:
        """The name a customer reads on the contract, such as ``2025款 610km 尊享型``."""
        return f"{self.model_year}款 {self.trim}"

    @property
    def is_plug_in(self) -> bool:
        """Whether it wears a green plate and charges."""
        return self.powertrain in ("纯电", "插混", "增程")


MODELS: tuple[VehicleModel, ...] = (
    VehicleModel("QL-A3-21T", "启岚A3", "1.5T 自动精英型", 2021, "燃油", "RL1A3", "B", "2021-03-12", 0.10),
    VehicleModel("QL-A3-23T", "启岚A3", "1.5T 双离合尊享型", 2023, "燃油", "RL1B3", "B", "2023-02-18", 0.09),
    VehicleModel(
        "QL-M6-20T", "启岚M6", "2.0T 四驱豪华型 七座", 2020, "燃油", "RL2A6", "B", "2020-05-20", 0.07
    ),
    VehicleModel("QL-M6-22H", "启岚M6", "2.0L 双擎 旗舰型", 2022, "混动", "RL2H6", "B", "2022-04-15", 0.08),
    VehicleModel("QL-M6-24H", "启岚M6", "2.0L 双擎 荣耀版", 2024, "混动", "RL2J6", "C", "2024-03-08", 0.08),
    VehicleModel(
        "QL-H8-22P", "启岚H8", "1.5T 插混 120km 卓越型", 2022, "插混", "RL3P8", "C", "2022-09-01", 0.07
    ),
    VehicleModel(
        "QL-H8-24P", "启岚H8", "1.5T 插混 200km 智航版", 2024, "插混", "RL3R8", "C", "2024-05-18", 0.11
    ),
    VehicleModel("QL-L7-23R", "启岚L7", "增程 210 Max 六座", 2023, "增程", "RL4R7", "H", "2023-06-06", 0.10),
    VehicleModel(
        "QL-L7-25R", "启岚L7", "增程 260 Ultra 六座", 2025, "增程", "RL4S7", "H", "2025-03-20", 0.08
    ),
    VehicleModel("QL-E5-22E", "启岚E5", "510km 标准续航版", 2022, "纯电", "RL5E5", "H", "2022-03-28", 0.06),
    VehicleModel(
        "QL-E5-24E", "启岚E5", "610km 长续航 智驾版", 2024, "纯电", "RL5F5", "H", "2024-01-16", 0.10
    ),
    VehicleModel(
        "QL-E5-25E", "启岚E5", "680km 四驱 激光雷达版", 2025, "纯电", "RL5G5", "H", "2025-04-10", 0.06
    ),
)


@dataclass(frozen=True)
class Component:
    """A part family whose supplier lots are tracked per vehicle."""

    code: str
    aspect: str
    suppliers: tuple[str, ...]


COMPONENTS: tuple[Component, ...] = (
    Component("3703-LB", "NEV-LVB", ("S101", "S102", "S103")),
    Component("7911-SC", "ICT-SCR", ("S201", "S202")),
    Component("3501-BR", "SAF-BRK", ("S301", "S302", "S303")),
    Component("1701-TR", "PWR-TRN", ("S401", "S402")),
    Component("5320-NV", "INT-QUI", ("S501", "S502")),
)
BAD_LOT_COMPONENT, BAD_LOT_SUPPLIER, BAD_LOT_MODEL = 0, 1, "QL-H8-22P"
INCOMES, KINDS = ("低", "中", "高", "未知"), ("个人", "公司", "员工")
USAGES = ("家用", "公司", "营运", "试驾", "员工")
PROVINCE_OF_CITY = np.array([PROVINCES.index(c.province) for c in CITIES])
NEVER = 106_000  # day number after all others (the year 2260)
REPURCHASE_PLACE = 48
FLEET_STRIDE = 64  # stable vehicle number = owner * stride + place; places from 48 on are repurchases
MODEL_INDEX: dict[str, int] = {model.code: n for n, model in enumerate(MODELS)}
