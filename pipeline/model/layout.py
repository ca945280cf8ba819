"""The schema of the arrays in a model folder, and their validation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.arrays.arrow import as_strings
from pipeline.stance import LABELS
from pipeline.text.lexicon import SPECIAL
from pipeline.text.terms import FAMILIES, SYMBOL_BITS


@dataclass(frozen=True)
class Spec:
    """An array of a model folder.

    Attributes
    ----------
    dtype, shape : the shape in names of `LARGEST` and `FIXED`; the first array with a name determines its size.
    low, high : least and largest value.
    endless : infinities allowed in addition: -1 for minus infinity, 1 for plus infinity too.
    below : name of a dimension; every value must be less than its size.
    rising : whether each value must be larger than the one before; ``steady``: at least as large.
    symbols : shift and bits of each symbol number in a value.
    """

    dtype: str
    shape: tuple[str, ...]
    low: float = 0
    high: float = np.inf
    endless: int = 0
    below: str | None = None
    rising: bool = False
    steady: bool = False
    symbols: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Strings:
    """A list of strings, stored as their UTF-8 bytes, ``NAME.bytes``, and the end offset of each, ``NAME.ends``.

    Attributes
    ----------
    rising : sorted by their bytes, without duplicates.
    distinct : without duplicates.
    head : the first strings of the list.
    """

    rising: bool = False
    distinct: bool = False
    head: tuple[str, ...] = ()


STRINGS = {
    "symbols": Strings(distinct=True, head=SPECIAL),
    "words": Strings(distinct=True),
    "common": Strings(rising=True),
    "leading": Strings(rising=True),
    "states": Strings(rising=True),
    "groups": Strings(rising=True),
    "related": Strings(rising=True),
    "apolitical": Strings(rising=True),
}
# The largest size of each dimension: at least ten times that of a model of the bundled corpus.
LARGEST = {"n_terms": 1 << 20, "n_symbols": 1 << 18, "n_words": 1 << 19, "n_pairs": 1 << 20, "n_seen": 1 << 22}
LARGEST |= {f"n_{name}": 1 << 19 for name in STRINGS if f"n_{name}" not in LARGEST}
LARGEST |= {f"{name}_bytes": 1 << 26 for name in STRINGS}
LARGEST["size"] = 256  # bytes of a signature
FIXED = {"n_labels": len(LABELS), "n_marks": 5}

_WORDS = {
    f"{name}.{part}": spec
    for name in STRINGS
    for part, spec in {
        "bytes": Spec("uint8", (f"{name}_bytes",)),
        "ends": Spec("int32", (f"n_{name}",), high=1 << 26, steady=True),
    }.items()
}
WEIGHTS = _WORDS | {
    "symbol_of_word": Spec("int32", ("n_words",), below="n_symbols"),
    "pairs": Spec("int64", ("n_pairs",), rising=True, symbols=((32, 32), (0, 32))),
    "keys": Spec(
        "int64",
        ("n_terms",),
        high=(len(FAMILIES) << 2 * SYMBOL_BITS) - 1,
        rising=True,
        symbols=((SYMBOL_BITS, SYMBOL_BITS), (0, SYMBOL_BITS)),
    ),
    "idf": Spec("float32", ("n_terms",), high=100),  # 1 + ln of the number of texts at most
    "coef": Spec("int16", ("n_terms", "n_labels"), low=-(1 << 15)),
    "scale": Spec("float64", (), low=1, high=1 << 14),  # so no coefficient is beyond 32,768
    "intercept": Spec("float64", ("n_labels",), low=-1e6, high=1e6, endless=1),
    "marks": Spec("float64", ("n_marks",), low=-1e6, high=1e6),
}
SEEN = {"seen": Spec("uint8", ("n_seen", "size"))}


def check(arrays: dict[str, np.ndarray], table: dict[str, Spec]) -> None:
    """Raise `ValueError` at the first array that does not match the table, with what was expected and found."""
    for name in sorted(table.keys() ^ arrays.keys()):
        raise ValueError(f"{name}: {'no such array' if name in table else 'an array that no model has'}")
    sizes = dict(FIXED)
    for name, spec in table.items():
        _check_shape(name, arrays[name], spec, sizes)
    for name, spec in table.items():
        _check_values(name, arrays[name], spec, sizes)


def strings_of(arrays: dict[str, np.ndarray], name: str) -> pa.Array:
    """A list of strings from checked arrays; raises `ValueError` if they are not UTF-8 or do not match `STRINGS`."""
    content, ends, spec = arrays[f"{name}.bytes"], arrays[f"{name}.ends"], STRINGS[name]
    offsets = np.concatenate([np.zeros(1, np.int64), ends])
    if offsets[-1] != len(content):
        raise ValueError(f"{name}.ends: expected {len(content)} at its end, found {offsets[-1]}")
    out = pa.LargeStringArray.from_buffers(len(ends), pa.py_buffer(offsets), pa.py_buffer(content))
    try:
        out.validate(full=True)
    except pa.ArrowInvalid:
        raise ValueError(f"{name}.bytes: not valid UTF-8") from None
    if out[: len(spec.head)] != as_strings(spec.head):
        raise ValueError(f"{name}: expected {', '.join(spec.head)} at its head")
    if spec.rising and len(out) > 1 and not pc.all(pc.less(out[:-1], out[1:])).as_py():
        raise ValueError(f"{name}: expected sorted strings without repeats")
    if spec.distinct and pc.count_distinct(out).as_py() != len(out):
        raise ValueError(f"{name}: expected strings without repeats")
    return out


def arrays_of(name: str, column: pa.Array) -> dict[str, np.ndarray]:
    """A list of strings as the two arrays of a model folder."""
    encoded = [text.encode() for text in column.to_pylist()]
    ends = np.cumsum([len(text) for text in encoded], dtype=np.int32)
    return {f"{name}.bytes": np.frombuffer(b"".join(encoded), np.uint8), f"{name}.ends": ends}


def _check_shape(name: str, array: np.ndarray, spec: Spec, sizes: dict[str, int]) -> None:
    if array.dtype != spec.dtype or array.ndim != len(spec.shape):
        wanted = f"{spec.dtype} of {len(spec.shape)} dimensions"
        raise ValueError(f"{name}: expected {wanted}, found {array.dtype} of {array.ndim}")
    for dimension, number in zip(spec.shape, array.shape):
        if number > LARGEST.get(dimension, number):
            raise ValueError(f"{name}: expected at most {LARGEST[dimension]:,} {dimension}, found {number:,}")
        if sizes.setdefault(dimension, number) != number:
            raise ValueError(f"{name}: expected {dimension} = {sizes[dimension]:,}, found {number:,}")


def _check_values(name: str, array: np.ndarray, spec: Spec, sizes: dict[str, int]) -> None:
    if not array.size:
        return
    finite = array[np.isfinite(array)] if spec.endless else array
    high = min(spec.high, sizes[spec.below] - 1) if spec.below else spec.high
    # Written so that NaN does not pass.
    if np.isnan(array).any() or (finite.size and not (finite.min() >= spec.low and finite.max() <= high)):
        found = f"{array.min()} to {array.max()}"
        raise ValueError(f"{name}: expected values of {spec.low:,} to {high:,}, found {found}")
    if spec.endless and np.isposinf(array[:-1]).any():
        raise ValueError(f"{name}: found an infinity before its last value")
    falls = spec.rising and not (array[1:] > array[:-1]).all()
    if falls or (spec.steady and not (array[1:] >= array[:-1]).all()):
        raise ValueError(f"{name}: expected rising values")
    for shift, bits in spec.symbols:
        largest = ((array >> shift) & ((1 << bits) - 1)).max()
        if largest >= sizes["n_symbols"]:
            raise ValueError(f"{name}: expected symbols under {sizes['n_symbols']:,}, found {largest:,}")


_BITS = 12  # of the largest coefficient, without its sign


def rounded(coef: np.ndarray, scale: float) -> np.ndarray:
    """Coefficients to the precision of a model folder, float32 of the same shape; ``scale`` from `scale_of` all of them."""
    return (np.round(coef * scale) / scale).astype(np.float32)


def scale_of(coef: np.ndarray) -> float:
    """The power of two that scales coefficients of any shape to integers of 12 bits and a sign, which compress well.

    A log-odds of twenty terms then moves by some 0.005.
    """
    return 2.0 ** (_BITS - np.ceil(np.log2(max(np.abs(coef).max(initial=0), 1.0))))
