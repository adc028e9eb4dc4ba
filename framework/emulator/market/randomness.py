"""Seeded randomness by name: the same words always give the same stream.

It is the raw stream of PCG64, which numpy promises never to change, and only additions,
multiplications and divisions follow it: every machine makes the same market.
"""

from __future__ import annotations

__all__ = ["mixed", "normal", "stream", "uniform"]

from hashlib import sha256

import numpy as np

from framework.domain.bars import FloatArray

_WORD = (1 << 64) - 1
_FIRST, _SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9


def stream(*words: object) -> np.random.PCG64:
    """The stream that these words name."""
    name = "\x1f".join(map(str, words)).encode()
    return np.random.PCG64(int.from_bytes(sha256(name).digest()[:8], "big"))


def uniform(source: np.random.PCG64, count: int) -> FloatArray:
    """Uniform in [0, 1): the upper 53 bits of each raw draw."""
    bits = np.asarray(source.random_raw(count)) >> np.uint64(11)
    return bits.astype(np.float64) * 2.0**-53


def normal(source: np.random.PCG64, count: int) -> FloatArray:
    """Nearly standard normal: twelve uniforms summed, less six (Irwin-Hall)."""
    drawn: FloatArray = uniform(source, 12 * count).reshape(12, count).sum(axis=0) - 6.0
    return drawn


def mixed(number: int, salt: int) -> int:
    """A whole number of 64 bits that looks random, of two others: cheap enough for every quote."""
    word = (number * _FIRST + salt * _SECOND) & _WORD
    word ^= word >> 31
    word = word * _SECOND & _WORD
    return word ^ word >> 29
