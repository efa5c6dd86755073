"""Identity on fresh planted worlds of the sample carmaker, judged by its truth files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.identity.judge import Verdict, judge


def check(found: Verdict, record_property: Callable[[str, object], None]) -> None:
    print("", *found.lines(), sep="\n")
    record_property("identity", "\n".join(found.lines()))
    assert found.overall.linked > 2000, "too few pairs to judge"
    assert found.inner.precision >= 0.99, found.overall.wrong_by_cause
    assert found.overall.precision >= 0.99, found.overall.wrong_by_cause
    assert found.keys.precision >= 0.99, found.keys.wrong_by_cause
    assert found.inner.recall >= 0.75
    cars, right = found.vehicles
    assert right >= 0.98 * cars
    public = {"social_media", "forum_threads", "review_site", "complaint_site"}
    assert not any(linked for name, (_, linked, _) in found.by_channel.items() if name in public)


@pytest.mark.slow
def test_a_planted_world_is_linked_right(tmp_path: Path, record_property: Callable) -> None:
    """Pairwise precision ≥ 0.99 on one fresh world; wrong pairs are told by cause."""
    check(judge(tmp_path, 101, owners=1500, days=20), record_property)


@pytest.mark.full
@pytest.mark.parametrize("seed", [202, 303, 404])
def test_three_more_planted_worlds_are_linked_right(
    tmp_path: Path, seed: int, record_property: Callable
) -> None:
    check(judge(tmp_path, seed, owners=2300, days=28), record_property)
