"""Reproducible randomness by name and by identity.

``Streams.generator`` gives a process a numpy generator of its own; ``Streams.chance`` a number that hangs
on *who and when* alone (owner 12 in quarter 3), whatever else was drawn. So a new process moves no other,
and a null twin throws the same dice as its effect twin (common random numbers).
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_A = np.uint64(0xBF58476D1CE4E5B9)
_MIX_B = np.uint64(0x94D049BB133111EB)


def _mixed(value: np.ndarray) -> np.ndarray:
    """Finalise 64-bit words as SplitMix64 does (Steele, Lea & Flood 2014)."""
    value = value + _GOLDEN
    value = (value ^ (value >> np.uint64(30))) * _MIX_A
    value = (value ^ (value >> np.uint64(27))) * _MIX_B
    return value ^ (value >> np.uint64(31))


@dataclass(frozen=True)
class Streams:
    """All randomness of one simulated carmaker; equal seeds give equal numbers."""

    seed: int

    @classmethod
    def of(cls, source: Streams | np.random.Generator | int) -> Streams:
        """Take streams as they are, or make them from a seed or a generator."""
        if isinstance(source, Streams):
            return source
        return cls(int(source.integers(2**32)) if isinstance(source, np.random.Generator) else int(source))

    def generator(self, name: str) -> np.random.Generator:
        """Return the generator of one process."""
        return np.random.default_rng([self.seed, zlib.crc32(name.encode())])

    def chance(self, name: str, *identity: np.ndarray | int) -> np.ndarray:
        """Uniform numbers in (0, 1), one per row of the broadcast identities (integers)."""
        head = np.array([self.seed & 0xFFFFFFFF, zlib.crc32(name.encode())], dtype=np.uint64)
        with np.errstate(over="ignore"):
            word = _mixed(_mixed(head[:1]) ^ head[1:])
            for part in identity:
                word = _mixed(word ^ np.atleast_1d(np.asarray(part, dtype=np.int64)).astype(np.uint64))
        return ((word >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53

    def normal(self, name: str, *identity: np.ndarray | int) -> np.ndarray:
        """Return standard normal numbers by identity (Box-Muller)."""
        first, second = self.chance(name + "/r", *identity), self.chance(name + "/phi", *identity)
        return np.sqrt(-2 * np.log(first)) * np.cos(2 * np.pi * second)

    def below(self, name: str, bound: int, *identity: np.ndarray | int) -> np.ndarray:
        """Integers in [0, bound) by identity."""
        return (self.chance(name, *identity) * bound).astype(np.int64)

    def pick(self, name: str, weights: np.ndarray | list[float], *identity: np.ndarray | int) -> np.ndarray:
        """Category numbers by weight and identity."""
        edges = np.cumsum(np.asarray(weights, dtype=float))
        return np.searchsorted(edges / edges[-1], self.chance(name, *identity)).clip(0, len(edges) - 1)

    def poisson(self, name: str, mean: np.ndarray, *identity: np.ndarray | int) -> np.ndarray:
        """Poisson counts (means up to about 4; never above 9) by identity, through the inverse CDF."""
        draw = self.chance(name, *identity)
        term = np.exp(-mean)
        total, count = term.copy(), np.zeros(np.shape(draw), dtype=np.int64)
        for n in range(1, 10):
            count += draw > total
            term = term * mean / n
            total = total + term
        return count


def places(count: np.ndarray) -> np.ndarray:
    """Place of each row within its group, from 0, when group ``g`` has ``count[g]`` rows in order."""
    return np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)


def pick_by_row(weights: np.ndarray, row: np.ndarray, draw: np.ndarray) -> np.ndarray:
    """Column numbers by the weights of the given rows (each sums to 1); ``draw`` is uniform in (0, 1)."""
    width = weights.shape[1]
    table = (weights.cumsum(axis=1) + np.arange(len(weights))[:, None]).ravel()
    return (np.searchsorted(table, row + draw) - row * width).clip(0, width - 1)


def logistic(x: np.ndarray) -> np.ndarray:
    """Probability of a log odds."""
    return 1.0 / (1.0 + np.exp(-x))
