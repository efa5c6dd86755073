"""Score files: a raw Parquet file in, a text and a mention Parquet file out.

Here: reading the raw columns, scoring each distinct text once (cache, optional worker processes),
writing both files whole or not at all. The scorer is `ml.scoring`; which files are to be scored and
listed is the orchestration's business.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ml.files import replacing
from ml.lexicon import URGENCY_LEVELS, taxonomy
from ml.score_cache import ScoreCache
from ml.score_records import ScoreColumns, mention_owners, unpack
from ml.scoring import CACHE_VERSION, LEXICON_VERSION, SCORER_VERSION, TAXONOMY_VERSION, score_packed
from ml.text.noise import label_noise
from ml.text.normalize import repair_all

RAW_COLUMNS = ("record_id", "voice_id", "content_hash", "received_at", "verbatim", "score_input_hash")
_KEYS = [(name, pa.string()) for name in ("record_id", "voice_id", "content_hash", "score_input_hash")]
TEXT_SCHEMA = pa.schema(
    [
        *_KEYS,
        ("scorer_version", pa.string()),
        ("taxonomy_version", pa.string()),
        ("lexicon_version", pa.string()),
        ("scored_at", pa.timestamp("us")),
        ("sentiment_polarity", pa.int32()),
        ("sentiment_score", pa.float64()),
        ("urgency", pa.string()),
        ("confidence", pa.float64()),
        ("mention_count", pa.int32()),
        ("is_cold_start", pa.bool_()),
        ("is_abstained", pa.bool_()),
        ("text_char_count", pa.int32()),
        ("customer_char_count", pa.int32()),
        ("text_repaired", pa.string()),
        ("text_repairs", pa.string()),
        ("noise_reason", pa.string()),
        ("noise_confidence", pa.float64()),
    ]
)
MENTION_SCHEMA = pa.schema(
    [
        *_KEYS,
        ("scorer_version", pa.string()),
        ("mention_seq", pa.int32()),
        ("aspect_code", pa.string()),
        ("polarity", pa.int32()),
        ("intensity", pa.int32()),
        ("urgency", pa.string()),
        ("evidence_start", pa.int32()),
        ("evidence_end", pa.int32()),
        ("confidence", pa.float64()),
        ("is_cold_start", pa.bool_()),
    ]
)
# Starting a worker costs as much as scoring this many texts.
TEXTS_PER_TASK = 4000


class ScoreInputError(ValueError):
    """A raw file cannot be scored; the message names the file and what is wrong."""


def score_parquet(
    raw_path: Path | str,
    text_out: Path | str,
    mention_out: Path | str,
    cache: ScoreCache | Path | str | None = None,
    *,
    workers: int = 1,
    mask: Callable[[str], str] = str,
) -> dict[str, int]:
    """Score the texts of one raw file; return counts.

    Writes one text row per raw row with a verbatim (rows without one, such as a survey answer
    without comment, have no score) in raw order, and one mention row per aspect of it. Both files
    are written under a temporary name, synced and renamed; the same raw file gives the same bytes,
    whatever is cached and however many workers run.

    `mask` goes over every repaired text: what was mojibake may have hidden a name from the masker.
    Repair and noise are told anew for each file, not cached: they cost a fraction of the score.

    Counts: `records`, `texts` (rows written), `distinct_texts`, `cache_hits`, `scored_texts`,
    `mentions`, `abstained`, `repaired`, `noise`. Errors: `ScoreInputError` for a file that lacks columns.
    """
    raw_path = Path(raw_path)
    table = _read_raw(raw_path)
    records = table.num_rows
    table = table.filter(table.column("verbatim").is_valid())
    texts = _distinct(table, raw_path)
    is_open = isinstance(cache, ScoreCache)
    with nullcontext(cache) if is_open else ScoreCache(Path(cache) if cache else None) as store:  # type: ignore[arg-type]
        known = store.get(CACHE_VERSION, texts)  # type: ignore[union-attr]
        missing = {key: text for key, text in texts.items() if key not in known}
        fresh = dict(zip(missing, _score_all(list(missing.values()), workers), strict=True))
        store.put(CACHE_VERSION, fresh)  # type: ignore[union-attr]
    scores = known | fresh
    text_table, mention_table = _tables(table, scores, _care(texts, mask))
    for scored, path in ((text_table, text_out), (mention_table, mention_out)):
        with replacing(Path(path)) as temporary:
            pq.write_table(scored, temporary, compression="zstd")
    return {
        "records": records,
        "texts": text_table.num_rows,
        "distinct_texts": len(texts),
        "cache_hits": len(known),
        "scored_texts": len(fresh),
        "mentions": mention_table.num_rows,
        "abstained": sum(text_table.column("is_abstained").to_pylist()),
        "repaired": len(text_table) - text_table.column("text_repairs").null_count,
        "noise": len(text_table) - text_table.column("noise_reason").null_count,
    }


def _read_raw(path: Path) -> pa.Table:
    try:
        file = pq.ParquetFile(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise ScoreInputError(f"{path}: cannot be read as Parquet ({error})") from error
    with file:
        present = file.schema_arrow.names
        absent = [name for name in RAW_COLUMNS if name not in present]
        if absent:
            raise ScoreInputError(f"{path}: lacks the raw columns {', '.join(absent)}; is it a raw file?")
        return file.read(columns=list(RAW_COLUMNS))


def _distinct(table: pa.Table, path: Path) -> dict[str, str]:
    """Return text by hash, in order of first appearance."""
    texts: dict[str, str] = {}
    hashes = table.column("score_input_hash").to_pylist()
    for key, text in zip(hashes, table.column("verbatim").to_pylist(), strict=True):
        if key is None:
            raise ScoreInputError(
                f"{path}: a row has a verbatim but no score_input_hash; admit the delivery again"
            )
        texts.setdefault(key, text)
    return texts


def _score_all(texts: Sequence[str], workers: int) -> list[bytes]:
    if workers <= 1 or len(texts) <= TEXTS_PER_TASK:
        return score_packed(texts)
    tasks = [texts[start : start + TEXTS_PER_TASK] for start in range(0, len(texts), TEXTS_PER_TASK)]
    # Spawned, not forked: the caller may hold threads and database handles.
    with ProcessPoolExecutor(min(workers, len(tasks)), mp_context=get_context("spawn")) as pool:
        return [score for part in pool.map(score_packed, tasks) for score in part]


class _Care(NamedTuple):
    """What is told of one text besides its score: the columns of the same names."""

    customer_char_count: int
    text_repaired: str | None
    text_repairs: str | None
    noise_reason: str | None
    noise_confidence: float | None


def _care(texts: Mapping[str, str], mask: Callable[[str], str]) -> dict[str, _Care]:
    """Return repair and noise of each text by hash."""
    cared: dict[str, _Care] = {}
    keys, values = list(texts), list(texts.values())
    for start in range(0, len(keys), TEXTS_PER_TASK):
        part = values[start : start + TEXTS_PER_TASK]
        for key, text, one, noise in zip(
            keys[start : start + TEXTS_PER_TASK], part, repair_all(part), label_noise(part), strict=True
        ):
            repaired = mask(one.text) if one.text != text else text
            cared[key] = _Care(
                noise.customer_chars,
                repaired if repaired != text else None,
                json.dumps(one.counts, separators=(",", ":")) if one.counts else None,
                noise.reason,
                noise.confidence,
            )
    return cared


def _tables(
    table: pa.Table, scores: Mapping[str, bytes], care: Mapping[str, _Care]
) -> tuple[pa.Table, pa.Table]:
    rows = unpack([scores[key] for key in table.column("score_input_hash").to_pylist()])
    keys = {name: table.column(name).combine_chunks().cast(pa.string()) for name, _ in _KEYS}
    columns: dict[str, Any] = dict(keys)
    columns |= {
        "scorer_version": SCORER_VERSION,
        "taxonomy_version": TAXONOMY_VERSION,
        "lexicon_version": LEXICON_VERSION,
        # Not the clock: two builds of the same input are equal.
        "scored_at": table.column("received_at").combine_chunks().cast(pa.timestamp("us")),
        "mention_count": rows.counts,
        "is_cold_start": True,
        "urgency": _named(URGENCY_LEVELS, rows.texts["urgency"]),
    }
    for name in ("sentiment_polarity", "sentiment_score", "confidence", "is_abstained", "text_char_count"):
        columns[name] = rows.texts[name]
    cared = [care[key] for key in table.column("score_input_hash").to_pylist()]
    for place, name in enumerate(_Care._fields):
        columns[name] = pa.array([one[place] for one in cared], TEXT_SCHEMA.field(name).type)
    return _table(columns, TEXT_SCHEMA, len(rows.texts)), _mention_table(keys, rows)


def _mention_table(keys: Mapping[str, pa.Array], rows: ScoreColumns) -> pa.Table:
    owners, places = mention_owners(rows.counts)
    columns: dict[str, Any] = {name: column.take(pa.array(owners)) for name, column in keys.items()}
    columns |= {
        "scorer_version": SCORER_VERSION,
        "mention_seq": places,
        "is_cold_start": True,
        "aspect_code": _named(list(taxonomy()), rows.mentions["aspect"]),
        "urgency": _named(URGENCY_LEVELS, rows.mentions["urgency"]),
    }
    for name in ("polarity", "intensity", "evidence_start", "evidence_end", "confidence"):
        columns[name] = rows.mentions[name]
    return _table(columns, MENTION_SCHEMA, len(rows.mentions))


def _named(names: Sequence[str], numbers: NDArray[Any]) -> pa.Array:
    return pa.array(names, pa.string()).take(pa.array(numbers))


def _table(columns: Mapping[str, Any], schema: pa.Schema, rows: int) -> pa.Table:
    """Return the table of arrays and of values that are the same in every row."""
    arrays = []
    for field in schema:
        values = columns[field.name]
        if isinstance(values, str | bool):
            arrays.append(pa.repeat(pa.scalar(values, field.type), rows))
        else:
            arrays.append(values if isinstance(values, pa.Array) else pa.array(values).cast(field.type))
    return pa.table(arrays, schema=schema)
