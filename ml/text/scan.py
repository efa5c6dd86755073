"""Every occurrence of many terms in many texts at once.

Here: a trie walked by numpy over all characters of a batch together, which costs a few dozen
nanoseconds a character however many terms there are. What a term means and which of two overlapping
ones counts is decided in `ml.lexicon`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ml.columns import Ints

# Texts are walked in windows of this many characters, so that memory stays flat for any length.
WINDOW = 1 << 18
# The first sieve fits into the cache of a core; pairs of characters may share a place, the walk tells
# them apart.
_SIEVE = (1 << 18) - 1
_CODE_POINTS = 0x110000
# What the masker leaves in place of a name, number or address.
MASK_TOKENS = (
    "[手机]", "[座机]", "[身份证]", "[银行卡]", "[邮箱]", "[车牌]", "[车架号]", "[微信]",
    "[QQ]", "[姓名]", "[地址]",
)  # fmt: skip
MASK_TOKEN = re.compile("|".join(map(re.escape, MASK_TOKENS)))
_NONE: Ints = np.zeros(0, np.int64)


def code_points(text: str) -> NDArray[np.uint32]:
    """Return the code points of `text`, lone surrogates included."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


class Joined(NamedTuple):
    """Many normalised texts as one: text i begins at `begins[i]`, and a NUL follows each."""

    text: str
    codes: NDArray[np.uint32]
    begins: Ints

    def begin(self, number: int) -> int:
        """Return where text `number` begins."""
        return int(self.begins[number])

    def one(self, number: int) -> str:
        """Return text `number`."""
        last = number + 1 == len(self.begins)
        return self.text[self.begin(number) : (len(self.text) if last else self.begin(number + 1)) - 1]

    def owners(self, places: Ints) -> Ints:
        """Return for each place the number of the text it lies in."""
        return np.searchsorted(self.begins, places, side="right") - 1


def join(texts: Sequence[str]) -> Joined:
    """Join the texts; NUL is in no normalised text, and nothing is found over it."""
    text = "\0".join([*texts, ""])
    begins = np.fromiter(accumulate((len(part) + 1 for part in texts), initial=0), np.int64)
    return Joined(text, code_points(text), begins[:-1])


class TermScanner:
    """Finds known terms. Characters have numbers, 0 is any character that is part of no term."""

    def __init__(self, terms: Sequence[str]) -> None:
        """Index `terms` (distinct, none empty); a term is known by its position in the sequence."""
        chars = sorted(set().union(*terms))
        numbers = {char: number for number, char in enumerate(chars, 1)}
        self._base = len(chars) + 1
        self.depth = max(map(len, terms), default=0)
        self._numbers = np.zeros(_CODE_POINTS, np.int32)
        self._numbers[[ord(char) for char in chars]] = range(1, self._base)
        self._numbers[0] = 0
        edges, ends = _trie([[numbers[char] for char in term] for term in terms], self._base)
        # The walk looks one place further than the last edge.
        self._edges = np.array([*sorted(edges), np.iinfo(np.int64).max])
        self._states = np.array([*(edges[key] for key in sorted(edges)), 0])
        self._terms = np.array(ends)
        # The root has edges too: a character that begins no term must lead to no state at all.
        self._first = np.full(self._base, -1, np.int64)
        self._is_single = np.zeros(self._base, np.bool_)
        for term in terms:
            self._first[numbers[term[0]]] = edges[numbers[term[0]]]
            self._is_single[numbers[term[0]]] |= len(term) == 1
        self._sieve = np.zeros(_SIEVE + 1, np.bool_)
        self._sieve[[self._pair(numbers[t[0]], numbers[t[1]]) for t in terms if len(t) > 1]] = True

    def _pair(self, first: int, second: int) -> int:
        return (first * self._base + second) & _SIEVE

    def scan(self, joined: Joined) -> tuple[Ints, Ints, Ints]:
        """Return start, end and number of the term of every occurrence.

        In order of start, the longest first; overlaps are all there.
        """
        size = len(joined.codes)
        if not size:
            return _NONE, _NONE, _NONE
        numbers = np.zeros(size + self.depth, np.int32)
        numbers[:size] = self._numbers[joined.codes]
        parts = [self._walk(numbers, low) for low in range(0, size, WINDOW)]
        starts, lengths, terms = (np.concatenate(column) for column in zip(*parts, strict=True))
        return starts, starts + lengths, terms

    def _walk(self, numbers: NDArray[np.int32], low: int) -> tuple[Ints, Ints, Ints]:
        """Return starts, lengths and terms of what begins in the window at `low`, sorted."""
        size = min(WINDOW, len(numbers) - self.depth - low)
        head = numbers[low : low + size]
        here = np.flatnonzero(self._is_single[head])
        found = [(here, np.ones_like(here), self._terms[self._first[head[here]]])]
        pairs = (head * self._base + numbers[low + 1 : low + size + 1]) & _SIEVE
        here = np.flatnonzero(self._sieve[pairs])
        states, length = self._first[head[here]], 1
        while here.size:
            keys = states * self._base + numbers[low + here + length]
            edges = np.searchsorted(self._edges, keys)
            goes_on = self._edges[edges] == keys
            here, states, length = here[goes_on], self._states[edges[goes_on]], length + 1
            terms = self._terms[states]
            ends = terms >= 0
            found.append((here[ends], np.full(int(ends.sum()), length), terms[ends]))
        starts, lengths, terms = (np.concatenate(column) for column in zip(*found, strict=True))
        order = np.argsort((starts + 1) * (self.depth + 1) - lengths)
        return starts[order] + low, lengths[order], terms[order]


def _trie(terms: Sequence[Sequence[int]], base: int) -> tuple[dict[int, int], list[int]]:
    """Return the edges (state * base + character → state) and the term that ends in each state or -1."""
    edges: dict[int, int] = {}
    ends = [-1]
    for number, term in enumerate(terms):
        state = 0
        for char in term:
            key = state * base + char
            if key not in edges:
                edges[key] = len(ends)
                ends.append(-1)
            state = edges[key]
        ends[state] = number
    return edges, ends
