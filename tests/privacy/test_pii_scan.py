"""The scanner finds every canary in every kind of store; what is masked holds none."""

from __future__ import annotations

import gzip
import json
import sqlite3
import zipfile
import zlib
from datetime import UTC, date, datetime
from io import BytesIO

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from data_quality.pii_scan import RAW_BYTES, Hit, ScanError, main, scan
from orchestration.admission.admit import admit_pending
from orchestration.admission.keys import create_key_file
from orchestration.admission.ledger import Ledger
from orchestration.admission.masking import mask_text
from orchestration.settings import Settings
from orchestration.sources.landing import deliver
from tests.privacy import canaries as planted

# Channels whose files are plain text: a scan of the file itself finds what was planted.
CHANNELS = [
    "call_center",
    "complaint_site",
    "customers_vehicles",
    "forum",
    "media_comments",
    "survey",
    "warranty_claims",
]


@pytest.fixture(scope="module")
def canaries():
    return planted.make_canaries(11, 20)


def _duckdb(path, texts):
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE SCHEMA core; CREATE TABLE core.t (n INTEGER, nested STRUCT(a VARCHAR[], b VARCHAR)[])"
        )
        for place, text in enumerate(texts):
            connection.execute("INSERT INTO core.t VALUES (?, [{'a': ['x', ?], 'b': null}])", [place, text])


def _duckdb_wal(path, texts):
    """A database whose rows still stand in the write-ahead log alone."""
    connection = duckdb.connect(str(path))
    connection.execute("SET checkpoint_threshold = '1GB'; PRAGMA disable_checkpoint_on_shutdown")
    connection.execute("CREATE TABLE t (text VARCHAR)")
    connection.execute("CHECKPOINT")
    connection.executemany("INSERT INTO t VALUES (?)", [[text] for text in texts])
    connection.close()
    assert path.with_name(path.name + ".wal").exists()


def _sqlite(path, texts):
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE event_logs (id INTEGER, event TEXT, payload BLOB)")
        half = len(texts) // 2
        for place, text in enumerate(texts):
            event = json.dumps({"message": text}) if place < half else None
            payload = zlib.compress(text.encode()) if place >= half else None
            connection.execute("INSERT INTO event_logs VALUES (?, ?, ?)", [place, event, payload])
    connection.close()


def _parquet(path, texts):
    table = pa.table({"plain": texts, "nested": [[{"k": text}] for text in texts]})
    pq.write_table(table, path, compression="zstd", use_dictionary=True)


def _jsonl(path, texts):
    path.write_text("".join(json.dumps({"a": [text]}) + "\n" for text in texts))


def _html(path, texts):
    body = "".join(f"<p>{''.join(f'&#{ord(c)};' for c in text)}</p>\n" for text in texts)
    path.write_text(f"<html>{body}</html>")


def _log_gz(path, texts):
    path.write_bytes(gzip.compress("\n".join(texts).encode("gb18030", "replace")))


def _zip(path, texts):
    inner = BytesIO()
    pq.write_table(pa.table({"c": texts}), inner)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/b.parquet", inner.getvalue())


STORES = {
    "warehouse.duckdb": _duckdb,
    "log_only.duckdb": _duckdb_wal,
    "dagster/event.db": _sqlite,
    "raw/x.parquet": _parquet,
    "notifications.jsonl": _jsonl,
    "brief.html": _html,
    "logs/run.log.gz": _log_gz,
    "export.zip": _zip,
}


@pytest.mark.parametrize("name", STORES)
def test_positive_control_every_canary_is_found(tmp_path, canaries, name):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    obfuscated = planted.obfuscate(canaries, 3) | {"mail": canaries["mail"]}  # (at) and 艾特 are other words
    STORES[name](path, [f"前文{text}后文" for values in obfuscated.values() for text in values])
    found = {hit.canary for hit in scan(tmp_path, planted.flat(canaries)) if hit.table != RAW_BYTES}
    assert set(planted.flat(canaries)) - found == set()


def test_hit_names_the_place_and_excluded_folders_are_left_out(tmp_path, canaries):
    mail, phone = canaries["mail"][0], canaries["phone"][0]
    for folder in ("restricted", "published"):
        (tmp_path / folder).mkdir()
        pq.write_table(
            pa.table({"a": ["", ""], "b": ["", f"致{mail}"]}),
            tmp_path / folder / "x.parquet",
            compression="zstd",
        )
    (tmp_path / "link").symlink_to(tmp_path / "restricted")
    hits = [hit for hit in scan(tmp_path, [mail, phone]) if hit.table != RAW_BYTES]
    assert hits == [Hit(mail, "published/x.parquet", "", "b", 1)]
    assert {hit.file for hit in scan(tmp_path, [mail], exclude=())} == {
        "published/x.parquet",
        "restricted/x.parquet",
    }


def test_deleted_rows_that_are_still_in_the_bytes_are_found(tmp_path, canaries):
    path = tmp_path / "w.duckdb"
    value = canaries["vin"][0]
    with duckdb.connect(str(path)) as connection:
        connection.execute("SET force_compression = 'uncompressed'; CREATE TABLE t (v VARCHAR)")
        connection.execute("INSERT INTO t SELECT md5(i::VARCHAR) FROM range(200) r(i)")
        connection.execute("INSERT INTO t VALUES (?)", [value])
        connection.execute("CHECKPOINT")
        connection.execute("DELETE FROM t WHERE v = ?", [value])
    assert {hit.table for hit in scan(tmp_path, [value])} == {RAW_BYTES}


def test_unreadable_store_and_short_canary_are_errors_not_silence(tmp_path):
    with pytest.raises(ScanError, match="too short"):
        scan(tmp_path, ["1234"])
    (tmp_path / "x.parquet").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(ScanError, match=r"x\.parquet"):
        scan(tmp_path, ["13800138000"])


def test_command_prints_places_and_no_value(tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "a.log").write_text("ok\n电话 138 0013 8000\n")
    (tmp_path / "canaries.txt").write_text("13800138000\n")
    result = CliRunner().invoke(main, [str(tmp_path / "home"), str(tmp_path / "canaries.txt")])
    assert result.exit_code == 4
    assert "a.log\t\t\trow 1" in result.output
    assert "0013" not in result.output


def test_planted_deliveries_are_admitted_in_full(tmp_path):
    keys = tmp_path / "keys.json"
    create_key_file(keys)
    settings = Settings.load({"VOC_HOME": str(tmp_path / "home"), "VOC_KEYS": str(keys)})
    few = planted.make_canaries(11, 3)
    expected = {}
    with Ledger.open(settings) as ledger:
        for channel in settings.channels:
            for entity in planted.entities(channel):
                path = tmp_path / f"{channel}-{entity}"
                path.write_bytes(planted.plant(channel, few, entity))
                expected[channel, entity] = len(planted.planted_rows(channel, few, entity))
                deliver(settings, ledger, channel, [path], datetime(2026, 4, 1, 2, tzinfo=UTC))
    found = admit_pending(settings, date(2026, 4, 1)).deliveries
    refused = [one for one in found if one.admitted != one.records_in]
    assert [(one.channel, one.reasons, one.duplicate, one.superseded) for one in refused] == []
    assert sum(one.admitted for one in found) == sum(expected.values())


@pytest.mark.parametrize("channel", CHANNELS)
def test_planted_deliveries_hold_all_canaries_and_mask_to_none(tmp_path, canaries, channel):
    for entity in planted.entities(channel):
        data = planted.plant(channel, canaries, entity)
        assert data == planted.plant(channel, canaries, entity)
        encoding = planted.contract_of(channel)["encoding"]
        if "verbatim" not in planted.contract_of(channel)["entities"][entity]:
            continue
        (tmp_path / entity).mkdir()
        (tmp_path / entity / "delivery").write_bytes(data)
        found = {hit.canary for hit in scan(tmp_path / entity, planted.flat(canaries))}
        assert found == set(planted.flat(canaries))
        (tmp_path / entity / "delivery").unlink()
        texts = [mask_text(text).text for text in planted.sentences(canaries)]
        (tmp_path / entity / "masked.txt").write_text("\n".join(texts), encoding=encoding)
        assert scan(tmp_path / entity, planted.flat(canaries)) == []
