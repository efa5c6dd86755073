"""How rich a set of texts is, measured the same way on made and on real texts.

A text's skeleton is the text without digits, names (brands, series, models, places, people), case,
white space and punctuation. Near-duplicates are texts of equal or overlapping character 5-grams
(Jaccard >= 0.8 of the whitespace-free text, found with MinHash bands and then checked exactly).
Entropy is that of character bigrams in bits. Reference and sample are cut to the same number of
texts where the number matters (not for lengths). Nothing of a reference text is printed or kept. Two
sets agree where every quantity lies within ±20 % of the reference; of a share also within twice the
error of counting, because a handful of repeats among thousands of texts is no firm number. Planted
copies and noise are left out by ``delivered``.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from math import log2, sqrt
from pathlib import Path

import click
import numpy as np

from sample_oem.places import PLACE_NAMES
from sample_oem.reader import csv_records
from sample_oem.world import BRAND, MODELS, RIVALS

OWN_NAMES: tuple[str, ...] = tuple(
    dict.fromkeys(
        [BRAND, *(m.name for m in MODELS), *(m.series for m in MODELS), *(n for r in RIVALS for n in r)]
    )
)
TOLERANCE = 0.20
_HASHES = 32
_BANDS = 8
_DIGITS = re.compile(r"[\d０-９]+")
_NO_WORD = re.compile(r"[\W_]+")
_SPACE = re.compile(r"\s+")
_UNDECODED = re.compile("[\udc80-\udcff]")


@dataclass(frozen=True)
class Richness:
    """Measured quantities of one set of texts; lengths in characters."""

    texts: int
    characters: int
    skeleton_repeat_share: float
    near_duplicate_share: float
    bigram_entropy: float
    length_mean: float
    length_median: float
    length_p90: float
    distinct_text_ratio: float


def measure(
    texts: Sequence[str], names: Iterable[str] = (), limit: int | None = None, seed: int = 7
) -> Richness:
    """Measure up to ``limit`` texts (an even sample by seed)."""
    chosen = _sample([t for t in texts if t], limit, seed)
    if not chosen:
        raise ValueError("there is no text to measure; check the file and the column name")
    skeletons = _skeletons(chosen, [*OWN_NAMES, *PLACE_NAMES, *names])
    counts = Counter(skeletons)
    return Richness(
        texts=len(chosen),
        characters=sum(map(len, chosen)),
        skeleton_repeat_share=sum(n for n in counts.values() if n > 1) / len(chosen),
        near_duplicate_share=_near_duplicate_share(chosen),
        bigram_entropy=bigram_entropy(chosen),
        distinct_text_ratio=len(set(chosen)) / len(chosen),
        **lengths(chosen),
    )


def _sample(texts: list[str], limit: int | None, seed: int) -> list[str]:
    if limit is None or len(texts) <= limit:
        return texts
    rows = np.sort(np.random.default_rng(seed).permutation(len(texts))[:limit])
    return [texts[i] for i in rows]


def _skeletons(texts: Sequence[str], names: Sequence[str]) -> list[str]:
    ordered = sorted({n.lower() for n in names if n}, key=lambda n: (-len(n), n))
    pattern = re.compile("|".join(map(re.escape, ordered)))
    return [_NO_WORD.sub("", _DIGITS.sub("", pattern.sub("", text.lower()))) for text in texts]


def bigram_entropy(texts: Iterable[str]) -> float:
    """Shannon entropy of adjacent character pairs within texts, in bits."""
    pairs: Counter[tuple[str, str]] = Counter()
    for text in texts:
        flat = _SPACE.sub("", text)
        pairs.update(pairwise(flat))
    total = sum(pairs.values())
    return -sum(n / total * log2(n / total) for n in pairs.values()) if total else 0.0


def _grams(text: str) -> frozenset[str]:
    flat = _SPACE.sub("", text)
    return frozenset(flat[i : i + 5] for i in range(max(len(flat) - 4, 1)))


def _near_duplicate_share(texts: Sequence[str], threshold: float = 0.8) -> float:
    """Share of texts that have at least one near-duplicate among the others."""
    grams = [_grams(t) for t in texts]
    found: set[int] = set()
    for bucket in _buckets(grams):
        _compare(bucket, grams, found, threshold)
    return len(found) / len(texts)


def _buckets(grams: Sequence[frozenset[str]]) -> Iterable[list[int]]:
    rng = np.random.default_rng(1)
    factors = rng.integers(1, 2**61, _HASHES, dtype=np.uint64) | np.uint64(1)
    shifts = rng.integers(0, 2**61, _HASHES, dtype=np.uint64)
    bands: dict[tuple[int, bytes], list[int]] = defaultdict(list)
    rows = _HASHES // _BANDS
    for i, gram_set in enumerate(grams):
        codes = np.array([_stable_hash(g) for g in gram_set], dtype=np.uint64)
        signature = (codes[:, None] * factors + shifts).min(axis=0)
        for band in range(_BANDS):
            bands[(band, signature[band * rows : (band + 1) * rows].tobytes())].append(i)
    return (bucket for bucket in bands.values() if len(bucket) > 1)


def _stable_hash(gram: str) -> int:
    return int.from_bytes(hashlib.blake2b(gram.encode(), digest_size=8).digest(), "little")


def _compare(bucket: list[int], grams: Sequence[frozenset[str]], found: set[int], threshold: float) -> None:
    for place, i in enumerate(bucket):
        for j in bucket[place + 1 :]:
            if i in found and j in found:
                continue
            shared = len(grams[i] & grams[j])
            if shared >= threshold * (len(grams[i]) + len(grams[j]) - shared):
                found.update((i, j))


# Quantities compared; a share counts texts, so that few of them come with a counting error.
QUANTITIES: tuple[str, ...] = (
    "skeleton_repeat_share",
    "near_duplicate_share",
    "bigram_entropy",
    "length_mean",
    "length_median",
    "length_p90",
    "distinct_text_ratio",
)
_SHARES = frozenset({"skeleton_repeat_share", "near_duplicate_share"})


@dataclass(frozen=True)
class Comparison:
    """One quantity of sample and reference, measured on ``texts`` texts each."""

    quantity: str
    sample: float
    reference: float
    texts: int = 0

    @property
    def within(self) -> bool:
        """Within ±20 % of the reference; of shares also within twice the error of counting both."""
        gap = abs(self.sample - self.reference)
        return gap <= max(TOLERANCE * self.reference, self.counting_error) + 1e-9

    @property
    def counting_error(self) -> float:
        """Twice the standard error of the difference of two counted shares (Poisson); else 0."""
        if self.quantity not in _SHARES or not self.texts:
            return 0.0
        return 2 * sqrt((self.sample + self.reference) / self.texts)


def compare(sample: Sequence[str], reference: Sequence[str], names: Iterable[str] = ()) -> list[Comparison]:
    """Measure both at equal size and set them side by side; lengths, which no size moves, on all texts."""
    names = list(names)
    size = min(len([t for t in sample if t]), len([t for t in reference if t]))
    made, real = ({**asdict(measure(texts, names, size)), **lengths(texts)} for texts in (sample, reference))
    return [Comparison(q, made[q], real[q], size) for q in QUANTITIES]


def lengths(texts: Sequence[str]) -> dict[str, float]:
    """Mean, median and ninth decile of the lengths of the texts that are not empty, in characters."""
    sizes = np.array([len(t) for t in texts if t])
    return {
        "length_mean": float(sizes.mean()),
        "length_median": float(np.median(sizes)),
        "length_p90": float(np.quantile(sizes, 0.9)),
    }


def read_column(path: Path, column: str, unique_by: str | None = None) -> list[str]:
    """Read the texts of one CSV column (UTF-8), one per value of ``unique_by`` if given.

    A folder stands for all delivery files in it (packed ones too). Records that do not decode or
    have another number of cells than the header are left out.
    """
    csv.field_size_limit(10_000_000)
    texts: dict[str, str] = {}
    for file in sorted(path.iterdir()) if path.is_dir() else [path]:
        (_, header), *records = csv_records(file, "utf-8")
        for needed in filter(None, (column, unique_by)):
            if needed not in header:
                raise ValueError(f"{file} has no column {needed!r}; it has {', '.join(header)}")
        for line, cells in records:
            if len(cells) == len(header) and not any(_UNDECODED.search(cell) for cell in cells):
                row = dict(zip(header, cells, strict=True))
                texts.setdefault(row[unique_by] if unique_by else f"{file.name}:{line}", row[column])
    return list(texts.values())


def read_names(path: Path, columns: Iterable[str]) -> list[str]:
    """Distinct values of name columns (brand, series, model), to be taken out of skeletons."""
    names: dict[str, None] = {}
    for column in columns:
        names.update(dict.fromkeys(v for v in read_column(path, column) if len(v) > 1))
    return list(names)


@click.command(help="Compare how rich made texts are with a reference, quantity by quantity.")
@click.option("--sample", type=click.Path(path_type=Path, exists=True), multiple=True, required=True)
@click.option("--text-column", required=True, help="text column of the sample")
@click.option("--reference", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--reference-text-column", help="text column of the reference, if it is another")
@click.option("--id-column", help="count one text per value of this sample column")
@click.option("--reference-id-column", help="the same for the reference")
@click.option("--reference-name-columns", default="", help="comma list: brand, series, model columns")
@click.option("--json", "as_json", is_flag=True)
def main(
    sample: tuple[Path, ...],
    text_column: str,
    reference: Path,
    reference_text_column: str | None,
    id_column: str | None,
    reference_id_column: str | None,
    reference_name_columns: str,
    as_json: bool,
) -> None:
    """Print the table; exit 1 when a quantity is out of tolerance."""
    try:
        made = [t for path in sample for t in read_column(path, text_column, id_column)]
        real = read_column(reference, reference_text_column or text_column, reference_id_column)
        names = read_names(reference, filter(None, reference_name_columns.split(",")))
        rows = compare(made, real, names)
    except ValueError as error:
        click.echo(f"richness: {error}", err=True)
        sys.exit(2)
    click.echo(_as_json(rows) if as_json else table(rows))
    sys.exit(0 if all(row.within for row in rows) else 1)


def _as_json(rows: Sequence[Comparison]) -> str:
    return json.dumps([{**row.__dict__, "within": row.within} for row in rows], indent=1)


def table(rows: Sequence[Comparison]) -> str:
    """Lay the comparison out as fixed-width lines."""
    lines = [f"{'quantity':<24}{'sample':>12}{'reference':>12}{'ratio':>8}  within"]
    for row in rows:
        ratio = row.sample / row.reference if row.reference else float("nan")
        verdict = "yes" if row.within else "NO"
        bound = max(TOLERANCE * row.reference, row.counting_error)
        numbers = f"{row.sample:>12.4f}{row.reference:>12.4f}{ratio:>8.2f}"
        lines.append(f"{row.quantity:<24}{numbers}  {verdict} (±{bound:.4f})")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
