"""Data sets by name: the options of each, and how its samples are drawn.

To add a data set: one more entry in `REAL` (a function that returns features and labels), or one more class
in `KINDS`. The config, the plan and the reference page learn of it from there.
"""

from __future__ import annotations

import functools
import importlib
import math
from collections.abc import Callable
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from study.data.files import Given, read_file, standardised, stratified
from study.data.given import FileOptions
from study.data.samples import Drawn, with_bias
from study.data.streams import Stream
from study.prose import Prose
from study.schema import Grid, Section, Slug, key

__all__ = ["KINDS", "REAL", "DatasetOptions", "File", "Gaussian", "Real", "Separable", "held_out", "realise"]


class DatasetOptions(Section):
    """What every data set has; a kind adds its own options, and says how to draw from them."""

    summary: ClassVar[Prose] = ""
    name: Slug = key(
        ..., "Name of the data set in every table.", allowed="1 to 64 of the characters A-Z a-z 0-9 _ -"
    )
    kind: str = key(
        "", "Its kind; may be left out if the name is that of a kind.", allowed="the name of a kind"
    )

    @property
    def separabilities(self) -> tuple[float | None, ...]:
        """The separabilities to study, or (None,) where the data have only the one they have."""
        return (None,)

    def draw(self, separability: float | None, stream: Stream) -> Drawn:
        """Draw features without bias, float64 (n, p), and labels 0 or 1, int64 (n,)."""
        raise NotImplementedError

    def others(self, separability: float | None, drawn: Stream, fresh: Stream) -> Drawn:
        """Draw samples that are not among those drawn from the stream `drawn`: here, new ones."""
        del drawn
        return self.draw(separability, fresh)

    def bayes_error(self, separability: float | None) -> float:
        """Least error rate of any classifier on the population; nan where it is not known."""
        del separability
        return math.nan


class _Synthetic(DatasetOptions):
    n: int = key(200, "Number of samples.", ge=4, le=10_000_000)
    d: int = key(2, "Number of features, the bias not counted.", ge=1, le=1000)


class Gaussian(_Synthetic):
    """Two classes at +mu and -mu along the first axis, unit covariance; d' = 2 mu."""

    summary: ClassVar[Prose] = (
        "Two Gaussian classes at +mu and -mu along the first axis, unit covariance. Its separability is "
        "d' = 2 mu, its Bayes error Phi(-mu)."
    )
    separability: Grid[Annotated[float, Field(gt=0, le=100)]] = key(
        (0.5, 1.0, 2.0, 4.0, 6.0), "The values of d' = 2 mu."
    )
    imbalance: float = key(
        0.5, "Share of positives (at least two samples of each class are kept).", gt=0, lt=1
    )
    label_noise: float = key(0.0, "Share of each class whose label is flipped.", ge=0, lt=0.5)

    @property
    def separabilities(self) -> tuple[float | None, ...]:
        """The values of d'."""
        return self.separability

    def draw(self, separability: float | None, stream: Stream) -> Drawn:
        """Draw the two classes, then flip the same share of labels in each."""
        assert separability is not None
        labels = _labels(self.n, self.imbalance)
        features = stream.normals(self.n * self.d).reshape(self.n, self.d)
        features[:, 0] += np.where(labels == 1, separability / 2, -separability / 2)
        return features, _flip(labels, self.label_noise, stream)

    def bayes_error(self, separability: float | None) -> float:
        """Closed form: the two tails beyond the point where the posterior is one half, then label noise.

        With mu = d'/2, share q of positives and threshold t = log((1 - q)/q) / (2 mu), the error without
        noise is q Phi(t - mu) + (1 - q) Phi(-t - mu); noise e turns it into e + (1 - 2 e) times it. Balanced:
        Phi(-mu).
        """
        assert separability is not None
        mu, q = separability / 2, self.imbalance
        t = math.log((1 - q) / q) / (2 * mu)
        clean = (q * math.erfc((mu - t) / math.sqrt(2)) + (1 - q) * math.erfc((mu + t) / math.sqrt(2))) / 2
        return self.label_noise + (1 - 2 * self.label_noise) * clean


class Separable(_Synthetic):
    """Two classes on either side of an empty slab around the hyperplane x_1 = 0."""

    summary: ClassVar[Prose] = (
        "Two balanced classes on either side of an empty slab: no sample is nearer than separability / 2 to "
        "the hyperplane x_1 = 0. The distance beyond the slab is half-normal, the other axes are normal."
    )
    separability: Grid[Annotated[float, Field(gt=0, le=100)]] = key(
        (1.0,), "Widths of the empty slab between the classes."
    )

    @property
    def separabilities(self) -> tuple[float | None, ...]:
        """The widths of the slab."""
        return self.separability

    def draw(self, separability: float | None, stream: Stream) -> Drawn:
        """Draw normals and fold the first axis away from the slab."""
        assert separability is not None
        labels = _labels(self.n, 0.5)
        features = stream.normals(self.n * self.d).reshape(self.n, self.d)
        features[:, 0] = (2 * labels - 1) * (separability / 2 + np.abs(features[:, 0]))
        return features, labels

    def bayes_error(self, separability: float | None) -> float:
        """Zero: the classes do not overlap."""
        del separability
        return 0.0


class _Bent(DatasetOptions):
    """Two classes in the plane that no line separates, balanced."""

    n: int = key(200, "Number of samples.", ge=4, le=10_000_000)
    noise: float = key(0.3, "Standard deviation of the normal numbers added to both features.", ge=0, le=100)

    def draw(self, separability: float | None, stream: Stream) -> Drawn:
        """Draw the curves, then add the noise."""
        del separability
        labels = _labels(self.n, 0.5)
        return self.place(labels, stream) + self.noise * stream.normals(2 * self.n).reshape(-1, 2), labels

    def place(self, labels: NDArray[np.int64], stream: Stream) -> NDArray[np.float64]:
        """Points without noise, (n, 2)."""
        raise NotImplementedError


class Xor(_Bent):
    """The exclusive or of two signs."""

    summary: ClassVar[Prose] = (
        "The exclusive or: class 1 around (-1, 1) and (1, -1), class 0 around (1, 1) and (-1, -1)."
    )

    def place(self, labels: NDArray[np.int64], stream: Stream) -> NDArray[np.float64]:
        """Corners of a square, each sign of the first feature as likely."""
        del stream
        first = np.where(np.arange(len(labels)) % 2 == 0, 1.0, -1.0)
        return np.column_stack([first, np.where(labels == 1, -first, first)])


class Moons(_Bent):
    """Two half circles, each reaching into the other."""

    summary: ClassVar[Prose] = (
        "Two half circles of radius 1, around (0, 0) and (1, 1/2), each reaching into the other."
    )

    def place(self, labels: NDArray[np.int64], stream: Stream) -> NDArray[np.float64]:
        """Points of the upper half circle; those of class 1 turned by half a turn about (1/2, 1/4)."""
        points = _directions(self.n, stream)
        points[:, 1] = np.abs(points[:, 1])
        return np.where(labels[:, None] == 1, np.array([1.0, 0.5]) - points, points)


class Circles(_Bent):
    """A circle inside another."""

    summary: ClassVar[Prose] = "Two circles around (0, 0): class 0 of radius 2, class 1 of radius 1."

    def place(self, labels: NDArray[np.int64], stream: Stream) -> NDArray[np.float64]:
        """Directions times the radius of the class."""
        return _directions(self.n, stream) * np.where(labels == 1, 1.0, 2.0)[:, None]


class _Given(DatasetOptions):
    """Data that are given once: each seed draws its own share of them."""

    fraction: float = key(
        0.5,
        "Share of the samples that each seed draws, the same share of each class, so that seeds differ on "
        "given data too. With one half they differ as if each seed had new samples, as many as there are in "
        "all (docs/statistics.md). Features are standardised on all samples before the draw.",
        gt=0,
        le=1,
    )

    def everything(self) -> Drawn:
        """All samples: standardised features without bias, and labels."""
        raise NotImplementedError

    def draw(self, separability: float | None, stream: Stream) -> Drawn:
        """Draw the share of each class (at least two samples, if it has them), in the order of the source."""
        del separability
        features, labels = self.everything()
        rows = stratified(labels, self.fraction, stream)
        return features[rows], labels[rows]

    def others(self, separability: float | None, drawn: Stream, fresh: Stream) -> Drawn:
        """Return the samples that were not drawn: none where all were."""
        del separability, fresh
        features, labels = self.everything()
        rows = np.setdiff1d(np.arange(len(labels)), stratified(labels, self.fraction, drawn))
        return features[rows], labels[rows]


class Real(_Given):
    """A data set that ships inside scikit-learn, by its name in `REAL`."""

    summary: ClassVar[Prose] = (
        "Real data that ship inside scikit-learn, standardised, constant features left out."
    )

    def everything(self) -> Drawn:
        """Load the bundled file; nothing is downloaded."""
        return _real(self.kind)


class Contiguity(_Given):
    """How many blocks of ones a string of bits has."""

    summary: ClassVar[Prose] = (
        "Strings of bits, as -1 and 1, with two blocks of consecutive ones (class 0) or three (class 1): the "
        "contiguity problem of Solla, Levin and Fleisher (1988)."
    )
    bits: int = key(10, "Length of the strings.", ge=5, le=16)

    def everything(self) -> Drawn:
        """All such strings, in order: of 10 bits 330 with two blocks and 462 with three."""
        bits = np.arange(2**self.bits)[:, None] >> np.arange(self.bits) & 1
        blocks = bits[:, 0] + np.count_nonzero(np.diff(bits, axis=1) == 1, axis=1)
        inside = (blocks == 2) | (blocks == 3)
        return 2.0 * bits[inside] - 1.0, (blocks[inside] == 3).astype(np.int64)


class File(FileOptions, _Given):
    """The user's own data."""

    summary: ClassVar[Prose] = (
        "Your own data, as they came: numbers, true and false, and texts (each level but the first in order "
        "becomes a column of 0 and 1), and one column of labels. Constant and repeated columns, and a first "
        "column without a name, are left out. `snakemake check` lists what is wrong with your files, and "
        "what each data set will be."
    )

    def everything(self) -> Drawn:
        """Read and check the file; a `UserError` names it and what is wrong."""
        found = self.read()
        return found.features, found.labels

    def read(self) -> Given:
        """Read and check the file; as `everything`, and what is to be said of it."""
        return read_file(self, self.name)


def _bunch(load: str, *classes: int, columns: int | None = None) -> Callable[[], Drawn]:
    """Loader of one of scikit-learn's bundled sets: the samples of two classes, the second one positive."""

    def loader() -> Drawn:
        # Imported when first needed: importing it takes longer than everything else that reads the config.
        bunch = getattr(importlib.import_module("sklearn.datasets"), load)()
        rows = np.isin(bunch.target, classes)
        features = np.asarray(bunch.data[rows, :columns], dtype=np.float64)
        return features, (bunch.target[rows] == classes[1]).astype(np.int64)

    return loader


REAL: dict[str, Callable[[], Drawn]] = {
    "breast_cancer": _bunch("load_breast_cancer", 0, 1),
    "breast_cancer_means": _bunch("load_breast_cancer", 0, 1, columns=10),
    "iris_setosa_versicolor": _bunch("load_iris", 0, 1),
    "iris_setosa_virginica": _bunch("load_iris", 0, 2),
    "iris_versicolor_virginica": _bunch("load_iris", 1, 2),
    **{f"wine_{a}_{b}": _bunch("load_wine", a, b) for a in range(3) for b in range(a + 1, 3)},
    **{f"digits_{a}_{b}": _bunch("load_digits", a, b) for a in range(10) for b in range(a + 1, 10)},
}
"""Real data sets by name: a function that returns raw features (n, p) and labels (n,)."""

KINDS: dict[str, type[DatasetOptions]] = {
    "gaussian": Gaussian,
    "separable": Separable,
    "xor": Xor,
    "moons": Moons,
    "circles": Circles,
    "contiguity": Contiguity,
    "file": File,
    **dict.fromkeys(REAL, Real),
}
"""Kinds of data set by name: a class that holds the options and draws the samples."""


def realise(
    options: DatasetOptions, separability: float | None, seed: int, root: int, flipped: float = 0.0
) -> Drawn:
    """Realise a data set: features with the bias column last, float64 (n, d), and labels, int64 (n,).

    The stream depends on (name, separability, seed) and the root seed only.  Of each class, a share of
    `flipped` has the label of the other one; a larger share flips the same samples and more.
    """
    stream = Stream(root, "data", options.name, separability, seed)
    features, labels = options.draw(separability, stream)
    if flipped:
        labels = _flip(labels, flipped, Stream(root, "flips", options.name, separability, seed))
    return with_bias(features), labels


def _flip(labels: NDArray[np.int64], share: float, stream: Stream) -> NDArray[np.int64]:
    """Labels of which the same share of each class is flipped."""
    noisy = labels.copy()
    for label in (0, 1):
        members = np.flatnonzero(labels == label)
        chosen = members[stream.permutation(len(members))[: round(share * len(members))]]
        noisy[chosen] = 1 - label
    return noisy


def held_out(options: DatasetOptions, separability: float | None, seed: int, root: int) -> Drawn:
    """Samples of a data set that `realise` did not draw, in the same form.

    Those of made-up data are new ones, as many as were drawn; their stream depends on the same.
    """
    drawn, fresh = (Stream(root, name, options.name, separability, seed) for name in ("data", "test"))
    features, labels = options.others(separability, drawn, fresh)
    return with_bias(features), labels


def _labels(n: int, imbalance: float) -> NDArray[np.int64]:
    """Labels (n,): first the negatives, then the positives, two of each at least."""
    positives = min(max(round(imbalance * n), 2), n - 2)
    return np.repeat(np.array([0, 1], dtype=np.int64), [n - positives, positives])


def _directions(n: int, stream: Stream) -> NDArray[np.float64]:
    """Points of the unit circle (n, 2), uniform: normal numbers scaled, to the same bits on every machine."""
    points = stream.normals(2 * n).reshape(n, 2)
    return points / np.sqrt(points[:, :1] ** 2 + points[:, 1:] ** 2)


@functools.cache
def _real(name: str) -> Drawn:
    features, labels = REAL[name]()
    return standardised(features), labels
