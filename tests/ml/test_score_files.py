"""Score files: shape, determinism, cache, workers, bad input."""

import datetime as dt
import hashlib

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ml.score_cache import ScoreCache
from ml.score_files import MENTION_SCHEMA, TEXT_SCHEMA, ScoreInputError
from ml.score_records import to_scores, unpack
from ml.scoring import LEXICON_VERSION, SCORER_VERSION, TAXONOMY_VERSION, Scorer, score_parquet

RECEIVED = dt.datetime(2026, 3, 1, 2, 3, 4)  # noqa: DTZ001  raw times are UTC without a zone
TEXTS = ["空间大，但是漏油", "刹车失灵", None, "空间大，但是漏油", "", "今天天气", "价格贵👎，服務熱情"]


def write_raw(path, texts):
    hashes = [None if t is None else hashlib.sha256(t.encode()).hexdigest() for t in texts]
    count = len(texts)
    table = pa.table(
        {
            "record_id": pa.array([f"{i:032x}" for i in range(count)], pa.string()),
            "voice_id": pa.array([f"{i:032x}" for i in range(count)], pa.string()),
            "content_hash": pa.array([f"{i:032x}" for i in range(count)], pa.string()),
            "received_at": pa.array([RECEIVED] * count, pa.timestamp("us")),
            "verbatim": pa.array(texts, pa.string()),
            "score_input_hash": pa.array(hashes, pa.string()),
            "other": pa.array(["x"] * count, pa.string()),
        }
    )
    pq.write_table(table, path)
    return path


def run(tmp_path, texts=TEXTS, cache=None, name="a", **options):
    raw = write_raw(tmp_path / f"{name}.parquet", texts)
    outs = tmp_path / f"{name}.text.parquet", tmp_path / "sub" / f"{name}.mention.parquet"
    counts = score_parquet(raw, *outs, cache, **options)
    return counts, outs


def digest(paths):
    return [hashlib.sha256(p.read_bytes()).hexdigest() for p in paths]


def test_rows_keys_and_versions(tmp_path):
    counts, (text_path, mention_path) = run(tmp_path)
    assert counts["records"] == 7
    assert counts["texts"] == 6
    assert counts["distinct_texts"] == counts["scored_texts"] == 5
    assert counts["cache_hits"] == 0
    texts, mentions = pq.read_table(text_path), pq.read_table(mention_path)
    assert texts.schema.equals(TEXT_SCHEMA)
    assert mentions.schema.equals(MENTION_SCHEMA)
    rows = texts.to_pylist()
    assert [r["record_id"][-1] for r in rows] == list("013456")
    assert {r["scored_at"] for r in rows} == {RECEIVED}
    assert {(r["scorer_version"], r["taxonomy_version"], r["lexicon_version"]) for r in rows} == {
        (SCORER_VERSION, TAXONOMY_VERSION, LEXICON_VERSION)
    }
    assert rows[1]["urgency"] == "safety"
    assert [r["is_abstained"] for r in rows] == [False, False, False, True, True, False]
    assert counts["mentions"] == sum(r["mention_count"] for r in rows) == mentions.num_rows
    assert counts["abstained"] == 2
    seqs = (
        duckdb.connect()
        .execute(
            f"select bool_and(mention_seq = r) from (select mention_seq, row_number() over "
            f"(partition by record_id order by mention_seq) r from '{mention_path}')"
        )
        .fetchone()
    )
    assert seqs == (True,)


def test_rerun_cache_and_workers_give_the_same_bytes(tmp_path, monkeypatch):
    import ml.score_files

    monkeypatch.setattr(ml.score_files, "TEXTS_PER_TASK", 2)
    cache = tmp_path / "scores" / "cache.sqlite"
    first, outs = run(tmp_path, cache=cache)
    wanted = digest(outs)
    second, outs = run(tmp_path, cache=cache, name="b")
    assert (second["cache_hits"], second["scored_texts"]) == (5, 0)
    assert first | {"cache_hits": 5, "scored_texts": 0} == second
    assert digest(outs) == wanted
    _, outs = run(tmp_path, name="c")
    assert digest(outs) == wanted
    counts, outs = run(tmp_path, name="d", workers=2)
    assert counts["scored_texts"] == 5
    assert digest(outs) == wanted


def test_another_version_does_not_hit(tmp_path):
    score = Scorer().score_packed(["漏油"])[0]
    key = hashlib.sha256("漏油".encode()).hexdigest()
    with ScoreCache(tmp_path / "c.sqlite") as cache:
        cache.put("old", {key: score})
        assert cache.get("old", [key]) == {key: score}
        assert cache.get("new", [key]) == {}
        assert cache.forget_other_versions("new") == 1
        assert cache.get("old", [key]) == {}


def test_a_score_survives_the_cache_exactly():
    texts = ["刹车失灵，价格贵", "", "空间大👍", "价格贵👎，服務熱情"]
    scorer = Scorer()
    assert list(to_scores(unpack(scorer.score_packed(texts)))) == scorer.score(texts)
    assert list(to_scores(unpack([]))) == []


def test_a_spoiled_cache_names_itself(tmp_path):
    path = tmp_path / "c.sqlite"
    path.write_bytes(b"no database, and long enough to be looked at" * 40)
    with pytest.raises(OSError, match=r"c\.sqlite.*delete the file"):
        ScoreCache(path)


def test_an_empty_raw_file_gives_empty_score_files(tmp_path):
    counts, outs = run(tmp_path, texts=[])
    assert set(counts.values()) == {0}
    assert [pq.read_table(p).num_rows for p in outs] == [0, 0]


def test_bad_input_is_named(tmp_path):
    bad = tmp_path / "bad.parquet"
    bad.write_bytes(b"PAR?")
    with pytest.raises(ScoreInputError, match=r"bad\.parquet.*Parquet"):
        score_parquet(bad, tmp_path / "t", tmp_path / "m")
    pq.write_table(pa.table({"record_id": ["1"]}), bad)
    with pytest.raises(ScoreInputError, match="verbatim"):
        score_parquet(bad, tmp_path / "t", tmp_path / "m")
    assert not (tmp_path / "t").exists()


def test_no_half_file_is_left_when_writing_fails(tmp_path, monkeypatch):
    import ml.score_files

    def broken(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr(ml.score_files.pq, "write_table", broken)
    raw = tmp_path / "r.parquet"
    monkeypatch.undo()
    write_raw(raw, TEXTS)
    monkeypatch.setattr(ml.score_files.pq, "write_table", broken)
    with pytest.raises(OSError, match="disk full"):
        score_parquet(raw, tmp_path / "o" / "t.parquet", tmp_path / "o" / "m.parquet")
    assert list((tmp_path / "o").iterdir()) == []


def test_repair_and_noise_stand_beside_the_score(tmp_path):
    texts = [
        "刹车失灵",
        "服務熱情，企業(yè)",
        "转发微博",
        "锟斤拷锟斤拷",
        "鎴戝彨寮犱笁鍒硅溅",
        "您好，很高兴为您服务。方向盘抖",
        "",
    ]
    counts, (text_path, _) = run(tmp_path, texts, mask=lambda text: text.replace("张三", "[姓名]"))
    rows = pq.read_table(text_path).to_pylist()
    assert [row["text_repaired"] for row in rows] == [
        None, "服务热情，企业", None, None, "我叫[姓名]刹车", None, None,
    ]  # fmt: skip
    assert [row["text_repairs"] for row in rows] == [
        None, '{"pinyin":1,"traditional":3}', None, '{"mojibake":1}', '{"repaired_mojibake":1}', None, None,
    ]  # fmt: skip
    assert [row["noise_reason"] for row in rows] == [None, None, "bot", None, None, None, "empty"]
    assert [row["customer_char_count"] for row in rows] == [4, 6, 4, 6, 8, 6, 0]
    assert all((row["noise_reason"] is None) == (row["noise_confidence"] is None) for row in rows)
    assert counts["repaired"] == 3
    assert counts["noise"] == 2
