"""Chinese word segmentation: rjieba for speed, jieba as reference and fallback.

Here: both engines behind one function, taught the same domain words. Which words those are is in
`ml.lexicon`. The engine is part of the scorer version, because the two agree only almost always.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import logging
import os
import re
import tempfile
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.columns import Flags, Ints
from ml.text.scan import Joined

# Common enough to win against its parts, rare enough not to break ordinary words.
DOMAIN_WORD_FREQUENCY = 2000
_SURROGATES = re.compile("[\ud800-\udfff]")


def engine_name() -> str:
    """Return `rjieba-<version>` or `jieba-<version>`; `VOC_SEGMENTER=jieba` forces the reference."""
    wanted = os.environ.get("VOC_SEGMENTER", "")
    if wanted not in {"", "rjieba", "jieba"}:
        raise ValueError(f"VOC_SEGMENTER={wanted!r}: choose rjieba or jieba, or unset it")
    name = "jieba" if wanted == "jieba" or importlib.util.find_spec("rjieba") is None else "rjieba"
    return f"{name}-{importlib.metadata.version(name)}"


def _with_rjieba(words: Sequence[str]) -> Callable[[str], list[str]]:
    import rjieba

    engine: Any = rjieba.Jieba()
    for word in words:
        engine.add_word(word, DOMAIN_WORD_FREQUENCY, "n")
    cut: Callable[[str], list[str]] = engine.cut
    return cut


def _with_jieba(words: Sequence[str]) -> Callable[[str], list[str]]:
    import jieba

    jieba.setLogLevel(logging.WARNING)
    engine = jieba.Tokenizer()
    # jieba caches its dictionary as a marshal file under a fixed name in the shared temporary folder,
    # where anybody may put one; a folder of our own cannot be poisoned.
    folder = Path(tempfile.gettempdir()) / f"voc-jieba-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.stat()
    if status.st_uid != os.getuid() or status.st_mode & 0o077:
        folder = Path(tempfile.mkdtemp(prefix="voc-jieba-"))
    engine.tmp_dir = str(folder)
    engine.initialize()
    for word in words:
        engine.add_word(word, DOMAIN_WORD_FREQUENCY)
    return engine.lcut


@lru_cache(maxsize=4)
def segmenter(words: tuple[str, ...] = (), engine: str | None = None) -> Callable[[str], list[str]]:
    """Return a function text → list of words whose concatenation is the text.

    `engine` is `rjieba`, `jieba` or None (what `engine_name` says).
    """
    name = (engine or engine_name()).split("-", maxsplit=1)[0]
    return _with_rjieba(words) if name == "rjieba" else _with_jieba(words)


def boundaries(text: str, cut: Callable[[str], list[str]]) -> frozenset[tuple[int, int]]:
    """Return the spans of the words of `text`."""
    # rjieba refuses lone surrogates; a replacement of the same length keeps the positions.
    ends = list(accumulate(map(len, cut(_SURROGATES.sub("\ufffd", text)))))
    return frozenset(zip([0, *ends], ends, strict=False))


# No word of either engine goes over one of these, so each stretch between them can be cut by itself.
_BREAKS = "\0 \n,。!?;:、…~()“”"


@lru_cache(maxsize=1)
def _break_table() -> NDArray[np.bool_]:
    table = np.zeros(0x110000, np.bool_)
    table[[ord(char) for char in _BREAKS]] = True
    return table


def stand_alone(joined: Joined, starts: Ints, ends: Ints, cut: Callable[[str], list[str]]) -> Flags:
    """Return for each span whether the segmentation lets it stand alone.

    It does if it is a word, or all of a word but its first character: 很爽, 挺贵 may be one word, yet
    the second character judges. Only the stretches that hold a span are cut, all in one call.
    """
    breaks = np.concatenate(([-1], np.flatnonzero(_break_table()[joined.codes])))
    lows = breaks[np.searchsorted(breaks, starts) - 1] + 1
    highs = breaks[np.searchsorted(breaks, ends)]
    size = len(joined.codes) + 1
    _, first, piece_of = np.unique(lows * size + highs, return_index=True, return_inverse=True)
    spans = zip(lows[first].tolist(), highs[first].tolist(), strict=True)
    pieces = [joined.text[low:high] for low, high in spans]
    piece_begins = np.array([0, *accumulate(len(piece) + 1 for piece in pieces)])
    places = piece_begins[piece_of] + starts - lows
    # rjieba refuses lone surrogates; a replacement of the same length keeps the positions.
    words = cut(_SURROGATES.sub("\ufffd", "\n".join(pieces)))
    sizes = np.fromiter(map(len, words), np.int64, len(words))
    word_ends = np.cumsum(sizes)
    holding = np.searchsorted(word_ends, places, side="right")
    before = places - word_ends[holding] + sizes[holding]
    fits: Flags = (word_ends[holding] == places + ends - starts) & (before <= 1)
    return fits
