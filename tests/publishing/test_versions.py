"""Going back, and what is checked before a pointer moves."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from orchestration.publishing.catalogue import PublishError
from orchestration.publishing.commands import rollback_command
from orchestration.publishing.query import run_query
from orchestration.publishing.versions import AudienceStore, list_versions, publish_lock, rollback
from orchestration.settings import Settings
from tests.publishing.sample_warehouse import AS_OF, SampleWarehouse


@pytest.fixture
def three(warehouse: SampleWarehouse) -> list[dict[str, str]]:
    """Publish three times; return the version ids by audience."""
    warehouse.build(days=3)
    ids = []
    for step in range(3):
        warehouse.add_day(AS_OF, rows=1, tag=str(step))
        ids.append({n: v.version_id for n, v in warehouse.publish(window_key=f"w{step}").items()})
    return ids


def total(settings: Settings, audience: str = "bi") -> int:
    return run_query(settings, audience, "select total from reports.rpt_total").rows[0][0]


def test_rollback_moves_all_audiences_back_and_again(three: list[dict[str, str]], settings: Settings) -> None:
    calls = []
    moved = rollback(settings, audit=lambda action, details: calls.append((action, details)))
    assert moved == three[1]
    assert (total(settings), total(settings, "voice")) == (62, 62)
    assert calls == [("rollback", {"from": three[2], "to": three[1], "sequence": 2})]
    assert rollback(settings) == three[0]
    with pytest.raises(PublishError, match="no earlier publication"):
        rollback(settings)


def test_rollback_to_a_named_version_and_forward_again(
    three: list[dict[str, str]], settings: Settings
) -> None:
    assert rollback(settings, three[0]["voice"]) == three[0]
    assert total(settings) == 61
    assert rollback(settings, three[2]["bi"], audience="bi") == {"bi": three[2]["bi"]}
    assert (total(settings), total(settings, "voice")) == (63, 61)


def test_a_rollback_holds_until_the_next_publish(
    three: list[dict[str, str]], settings: Settings, warehouse: SampleWarehouse
) -> None:
    rollback(settings, three[0]["bi"])
    again = warehouse.publish(window_key="w2")
    assert {n: v.version_id for n, v in again.items()} == three[2]
    assert again["bi"].is_moved
    assert not again["bi"].is_new
    assert total(settings) == 63


def test_days_are_taken_over_from_the_last_publication_not_from_the_current(
    three: list[dict[str, str]], settings: Settings, warehouse: SampleWarehouse
) -> None:
    rollback(settings, three[0]["bi"])
    warehouse.add_day(AS_OF, rows=1, tag="after")
    warehouse.publish(window_key="w3", affected={"core.fct_feedback": {AS_OF}})
    assert run_query(settings, "bi", "select count(*) from core.fct_feedback").rows == ((64,),)


@pytest.mark.parametrize("damage", ["database byte", "database gone", "object gone"])
def test_a_damaged_version_is_not_pointed_to(
    three: list[dict[str, str]], settings: Settings, damage: str
) -> None:
    store = AudienceStore(settings, "bi")
    database = store.versions / three[0]["bi"] / store.database_name
    if damage == "database byte":
        content = bytearray(database.read_bytes())
        content[len(content) // 2] ^= 1
        database.chmod(0o644)
        database.write_bytes(content)
    elif damage == "database gone":
        database.unlink()
    else:
        manifest = store.manifest(three[0]["bi"])
        store.object_path(manifest["tables"]["reports.rpt_total"]["partitions"][0]["sha256"]).unlink()
    with pytest.raises(PublishError, match=r"damaged|missing"):
        rollback(settings, three[0]["bi"])
    assert store.current_id() == three[2]["bi"]
    assert AudienceStore(settings, "voice").current_id() == three[2]["voice"]


def test_refusals_say_what_to_do(settings: Settings, three: list[dict[str, str]]) -> None:
    with pytest.raises(PublishError, match="unknown version 'v1'; `voc rollback --list`"):
        rollback(settings, "v1")
    with publish_lock(settings), pytest.raises(PublishError, match="another publish or rollback is at work"):
        rollback(settings)


def test_nothing_published_yet(settings: Settings) -> None:
    with pytest.raises(PublishError, match="nothing is published yet; run `voc refresh` first"):
        rollback(settings)


def test_listing_and_command(
    three: list[dict[str, str]], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    infos = list_versions(settings, "bi")
    assert [(i.version_id, i.is_current) for i in infos] == [
        (three[2]["bi"], True), (three[1]["bi"], False), (three[0]["bi"], False),
    ]  # fmt: skip
    assert infos[0].rows == 63 + 1 + 3 + 1
    monkeypatch.setenv("VOC_HOME", str(settings.home))
    done = CliRunner().invoke(rollback_command, [])
    assert done.exit_code == 0
    assert three[1]["bi"] in done.output
    assert "Holds until the next publish." in done.output
    assert f"* bi       {three[1]['bi']}" in CliRunner().invoke(rollback_command, ["--list"]).output
    assert CliRunner().invoke(rollback_command, ["v0"]).exit_code == 3
