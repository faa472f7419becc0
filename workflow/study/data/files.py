"""The user's own data files: read, checked, sampled and standardised."""

from __future__ import annotations

import functools
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from study.data.algebra import column_sums
from study.data.columns import columns
from study.data.given import FileOptions
from study.data.reading import read
from study.data.samples import Array
from study.data.streams import Stream
from study.errors import UserError

__all__ = ["Given", "read_file", "standardised", "stratified"]

_NAMED: Final = 10
"""Columns that are named where some are left out; the others are counted."""


class Given(NamedTuple):
    """What a user's file gives."""

    features: Array  # (n, p)
    labels: NDArray[np.int64]  # (n,)
    positive: str
    names: tuple[str, ...]  # of the features
    said: tuple[str, ...]


def standardised(features: Array) -> Array:
    """Centre and scale each column (standard deviation over n) and leave out those that are constant."""
    varying = (features != features[0]).any(axis=0)
    features = np.ascontiguousarray(features[:, varying])
    # A power of two takes the largest value of a column below 1: exact, and no square overflows or vanishes.
    features = np.ldexp(features, -np.frexp(np.abs(features).max(axis=0))[1])
    centred = features - column_sums(features) / len(features)
    return centred / np.sqrt(column_sums(centred * centred) / len(features))


@functools.cache
def read_file(options: FileOptions, name: str) -> Given:
    """Read, check, sample and standardise a user's file, once per process.

    Parameters
    ----------
    options : FileOptions
    name : str
        The data set's name, on which the sample of `rows` depends.

    Raises
    ------
    UserError
        With a line for every problem: the file, the line or row, the column, the value, what is allowed and
        what to write.
    """
    contents = read(options)
    found = columns(contents, options)
    features, labels, said = found.features, found.labels, [*contents.said, *found.said]
    if options.rows < len(labels):
        chosen = stratified(labels, options.rows / len(labels), Stream(0, "rows", name, options.rows))
        said.append(f"{len(chosen)} of {len(labels)} samples drawn (rows: {options.rows})")
        features, labels = features[chosen], labels[chosen]
    kept = _different(features, found.names, said)
    if not kept:
        raise UserError(
            f"{options.file}: every feature column is constant; allowed: one or more columns that vary"
        )
    features = np.ascontiguousarray(features[:, kept])
    if options.standardise:
        features = standardised(features)
    names = tuple(found.names[column] for column in kept)
    return Given(features, labels, found.positive, names, tuple(said))


def stratified(labels: NDArray[np.int64], share: float, stream: Stream) -> NDArray[np.int64]:
    """Draw a share of each class (at least two samples, if it has them); the rows in their order."""
    chosen = []
    for label in (0, 1):
        members = np.flatnonzero(labels == label)
        size = min(len(members), max(2, round(share * len(members))))
        chosen.append(members[stream.permutation(len(members))[:size]])
    return np.sort(np.concatenate(chosen))


def _different(features: Array, names: list[str], said: list[str]) -> list[int]:
    """Return the numbers of the columns that vary and repeat no earlier one; name the others in `said`."""
    constant = [j for j in range(len(names)) if (features[:, j] == features[0, j]).all()]
    kept, twins, seen = list[int](), list[str](), dict[bytes, str]()
    for j in sorted(set(range(len(names))) - set(constant)):
        content = (features[:, j] + 0.0).tobytes()  # -0.0 counts as 0.0
        if content in seen:
            twins.append(f"{names[j]!r} (equal to {seen[content]!r})")
        else:
            seen[content] = names[j]
            kept.append(j)
    for what, which in (("constant", [repr(names[j]) for j in constant]), ("repeated", twins)):
        if which:
            more = f" and {len(which) - _NAMED} more" if len(which) > _NAMED else ""
            said.append(f"{what} columns left out: {', '.join(which[:_NAMED])}{more}")
    return kept
