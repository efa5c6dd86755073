"""Near-duplicates of texts: which two say the same in nearly the same words.

Here, pure and without files: the skeleton of a text (letters and Chinese characters of its folded form,
without digits, punctuation, emoji and masked names), its shingles, band keys by which candidates meet,
and the exact comparison of two shingle sets. Keeping them, and growing groups day by day, is
`ml.near_duplicate_index`.

Method: MinHash with banding (Broder 1997; Leskovec, Rajaraman, Ullman, Mining of Massive Datasets,
ch. 3) over character 5-grams; every candidate is verified on the exact sets of character 3-grams, so
banding can only miss pairs, never make one.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ml.columns import Ints
from ml.text.fold import folded_code_points
from ml.text.pinyin import find_debris
from ml.text.scan import MASK_TOKEN, code_points

Hashes = NDArray[np.uint32]
Keys = NDArray[np.uint64]

# Candidates meet by runs of 5 letters, which unrelated texts rarely share; they are compared by runs of 3,
# of which an edited copy keeps more, while texts that share whole stock sentences gain nothing.
MEETING, COMPARING = 5, 3
# A shorter text says the same thing by chance, not by copying.
MIN_CHARS = 8
BANDS, ROWS = 32, 3
# Two texts are near-duplicates from this share of common shingles (Jaccard) on …
ALIKE = 0.49
# … or if nearly all of the shorter one is in the longer one, which is not much longer (cut tail, new start).
CONTAINED, LEAST_SIZE_RATIO = 0.9, 0.4
# Few shingles are easily shared by stock phrases: with fewer common ones only near equality counts.
FEW_SHINGLES, ALIKE_IF_FEW = 16, 0.8

# Candidates that share fewer values of their signatures are not worth an exact comparison: of 96 values,
# two texts at the limit share about 32.
SKETCH_FROM = 22

_MIX = np.uint64(0x9E3779B97F4A7C15)


class Shingled(NamedTuple):
    """Shingle sets of many texts: text i has the sorted set `values[begins[i]:begins[i + 1]]`.

    A text of fewer than `MIN_CHARS` letters has none.
    """

    values: Hashes
    begins: Ints

    @property
    def sizes(self) -> Ints:
        """Number of shingles per text."""
        return np.diff(self.begins)

    def one(self, number: int) -> Hashes:
        """Return the set of one text."""
        return self.values[self.begins[number] : self.begins[number + 1]]


class Skeletons(NamedTuple):
    """Letters of many texts behind each other, and the number of the text each belongs to."""

    codes: NDArray[np.uint32]
    owners: Ints
    texts: int


def skeletons_of(texts: Sequence[str]) -> Skeletons:
    """Return the skeletons of the texts; those of fewer than `MIN_CHARS` letters are empty."""
    joined = "\n".join([*(_without_extras(text) for text in texts), ""])
    codes = folded_code_points(joined)
    stops = code_points(joined) == ord("\n")
    kept = _letters()[codes] | stops
    codes, stops = codes[kept], stops[kept]
    chars = np.diff(np.flatnonzero(stops), prepend=-1) - 1
    owners = np.cumsum(stops) - stops
    kept = ~stops & (chars[owners] >= MIN_CHARS)
    return Skeletons(codes[kept], owners[kept], len(texts))


def shingle(skeletons: Skeletons, size: int) -> Shingled:
    """Return the sets of 32-bit hashes of each run of `size` letters within one text."""
    owners = skeletons.owners
    last = max(0, len(owners) - size + 1)
    inside = owners[:last] == owners[size - 1 :][:last]
    hashes = _rolling(skeletons.codes, size)
    both = (owners[:last][inside].astype(np.uint64) << np.uint64(32)) | hashes[inside]
    both.sort()
    both = both[np.diff(both, prepend=both[:1] ^ np.uint64(1)) != 0]
    values = (both & np.uint64(0xFFFFFFFF)).astype(np.uint32)
    begins = np.searchsorted(both >> np.uint64(32), np.arange(skeletons.texts + 1, dtype=np.uint64))
    return Shingled(values, begins.astype(np.int64))


def _without_extras(text: str) -> str:
    """Return the text in one line without masked names and pinyin debris."""
    if "[" in text:
        text = MASK_TOKEN.sub("", text)
    if "(" in text or "（" in text:
        for start, end in reversed(find_debris(text)):
            text = text[:start] + text[end:]
    return text.replace("\n", " ")


@lru_cache(maxsize=1)
def _letters() -> NDArray[np.bool_]:
    """Return for each code point whether it is part of a skeleton: Chinese or a Latin letter."""
    table = np.zeros(0x110000, np.bool_)
    for first, last in ((0x61, 0x7A), (0x3400, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x323AF)):
        table[first : last + 1] = True
    return table


def _rolling(codes: NDArray[np.uint32], size: int) -> Keys:
    """Return a well-mixed 32-bit hash (as 64 bits) of each run of `size` code points."""
    last = max(0, len(codes) - size + 1)
    mixed = np.zeros(last, np.uint64)
    for offset in range(size):
        mixed = (mixed * np.uint64(0x100000001B3)) ^ codes[offset : offset + last]
        mixed *= _MIX
        mixed ^= mixed >> np.uint64(29)
    return mixed >> np.uint64(32)


@lru_cache(maxsize=1)
def _permutations() -> tuple[Hashes, Hashes]:
    """Return factors (odd) and offsets of the hash functions, from a fixed linear sequence."""
    state, drawn = 0x853C49E6748FEA9B, []
    for _ in range(2 * BANDS * ROWS):
        state = (state * 6364136223846793005 + 1442695040888963407) % (1 << 64)
        drawn.append((state >> 32) & 0xFFFFFFFF)
    return np.array(drawn[::2], np.uint32) | np.uint32(1), np.array(drawn[1::2], np.uint32)


def minhash(shingled: Shingled) -> Hashes:
    """Return the signatures (texts × `BANDS * ROWS`) of sets of `MEETING`; 0 for texts without shingles."""
    filled = np.flatnonzero(shingled.sizes)
    signatures = np.zeros((len(shingled.sizes), BANDS * ROWS), np.uint32)
    if len(filled):
        starts = shingled.begins[filled]
        for row, (factor, offset) in enumerate(zip(*_permutations(), strict=True)):
            permuted = shingled.values * factor
            permuted += offset
            signatures[filled, row] = np.minimum.reduceat(permuted, starts)
    return signatures


def band_keys(signatures: Hashes) -> Keys:
    """Return the keys (texts × `BANDS`): two texts that share one are candidates."""
    keys = np.zeros((len(signatures), BANDS), np.uint64)
    keys[:] = np.arange(1, BANDS + 1, dtype=np.uint64) * _MIX
    for row in range(ROWS):
        keys = (keys ^ signatures[:, row::ROWS]) * _MIX
        keys ^= keys >> np.uint64(31)
    return keys


def sketches(signatures: Hashes) -> NDArray[np.uint8]:
    """Return one byte of each value of a signature: enough to tell how alike two texts may be."""
    return signatures.astype(np.uint8)


def may_be_alike(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Tell for each pair of sketches whether the texts are worth an exact comparison."""
    return np.count_nonzero(one == other, axis=1) >= SKETCH_FROM


class Overlap(NamedTuple):
    """How much two shingle sets share."""

    common: int
    smaller: int
    larger: int

    @property
    def jaccard(self) -> float:
        """Share of common shingles among all of both."""
        return self.common / (self.smaller + self.larger - self.common)

    @property
    def similarity(self) -> float:
        """Jaccard, or the containment of a text in one not much longer if that is what makes them alike."""
        return max(self.jaccard, self.common / self.smaller if self._is_contained else 0.0)

    @property
    def _is_contained(self) -> bool:
        return self.common >= CONTAINED * self.smaller and self.smaller >= LEAST_SIZE_RATIO * self.larger

    @property
    def is_alike(self) -> bool:
        """Tell whether two texts of this overlap are near-duplicates."""
        if self.common < FEW_SHINGLES:
            return self.jaccard >= ALIKE_IF_FEW
        return self.jaccard >= ALIKE or self._is_contained


def overlap(one: Hashes, other: Hashes) -> Overlap:
    """Return the overlap of two sorted sets of `COMPARING` that are not empty."""
    if len(one) > len(other):
        one, other = other, one
    places = np.searchsorted(other, one)
    places[places == len(other)] = 0
    common = int(np.count_nonzero(other[places] == one))
    return Overlap(common, len(one), len(other))
