"""From the columns of a user's file to features and labels; the problems of all columns are found at once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from study.data.algebra import column_sums
from study.data.given import FileOptions, plain
from study.data.reading import SHOWN, Contents, is_number
from study.errors import UserError
from study.schema import nearest, shown

__all__ = ["Columns", "columns"]

Array = NDArray[np.float64]
Series: TypeAlias = "pd.Series[Any]"

LEVELS: Final = 20
"""Different texts that a column may have; all but the first become a column of 0 and 1 each."""

_WORDS: Final = (("true", "yes", "y", "t", "on", "1"), ("false", "no", "n", "f", "off", "0"))
"""Words that YAML or a file may use for true and for false."""


_OTHERWISE: Final = re.compile(
    r"[(+\-\u2212]?[$€£¥]?\s?(\d{1,3}([\s'\u2019_.,]\d{3})+|\d+)([.,]\d*)?([dD][+-]?\d+)?\s?[%‰$€£¥]?\)?"
)
"""A number as people or other programs write it: with thousands apart, a unit, other digits or signs."""


@dataclass(frozen=True)
class Columns:
    """Features and labels of a file, as numbers.

    Attributes
    ----------
    names : list of str
        Names of the features; a level of a text is called ``column=level``.
    features : float64 array (n, p)
        As the file has them, not standardised.
    labels : int64 array (n,)
        0 or 1, at least two of each.
    positive : str
        The value of the label that counts as 1.
    said : list of str
        What was left out, encoded or filled in.
    """

    names: list[str]
    features: Array
    labels: NDArray[np.int64]
    positive: str
    said: list[str]


def columns(contents: Contents, options: FileOptions) -> Columns:
    """Make features and labels; raise `UserError` with every problem of every column, a line each."""
    look = _Look(contents, options)
    positive = look.positive()
    found = {name: values for name in look.features() if (values := look.values(name)) is not None}
    for name, values in found.items():
        look.check_missing(name, values.isna())
    if not found and not look.problems:
        look.problem("no feature column, only the label; allowed: one or more columns beside it")
    label = contents.frame[options.label] if positive is not None else None
    if look.problems or label is None or positive is None:
        raise UserError("\n".join(look.problems))
    kept = label.notna().to_numpy()
    if options.missing == "drop":
        kept = kept & ~pd.DataFrame(found).isna().any(axis=1).to_numpy()
    labels = (label[kept].map(plain) == positive).to_numpy().astype(np.int64)
    look.check_classes(labels, positive)
    if not kept.all():
        look.said.append(
            f"{(~kept).sum()} of {len(kept)} samples left out, which lack a value (missing: drop)"
        )
    names, features = list[str](), list[Array]()
    for name, values in found.items():
        for part, numbers in look.encoded(name, values[kept]):
            names.append(part)
            features.append(look.filled(part, numbers))
    return Columns(names, np.column_stack(features), labels, positive, look.said)


@dataclass
class _Look:
    """A look at the columns of a file: problems and what else is to be said are collected."""

    contents: Contents
    options: FileOptions
    problems: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def problem(self, text: str, name: str | None = None) -> None:
        """Note a problem, of a column or of the file as a whole."""
        column = f", column {name!r}" if name is not None else ""
        self.problems.append(f"{self.options.file}{column}: {text}")

    def places(self, mask: Any, values: Series | None = None) -> str:
        """Name the first rows that a mask marks, with their values, and count the others."""
        rows = np.flatnonzero(np.asarray(mask))
        named = [
            (f"{shown(values.iloc[row])} in " if values is not None else "in ") + self.contents.place(row)
            for row in rows[:SHOWN]
        ]
        more = f" and {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
        return ", ".join(named) + more

    # --- the label

    def positive(self) -> str | None:
        """Find the value of the label that counts as positive; None if the label has a problem."""
        name, frame = self.options.label, self.contents.frame
        if name not in frame:
            known = [*frame.columns[:20], *(["..."] if frame.shape[1] > 20 else [])]
            self.problem(
                f"no column {name!r}{nearest(name, frame.columns)}; allowed as `label`: "
                f"{', '.join(map(repr, known))}"
            )
            return None
        column = frame[name]
        if column.isna().any() and self.options.missing != "drop":
            self.problem(
                f"no value {self.places(column.isna())}; allowed: a label for every sample; write "
                "`missing: drop` to leave these out",
                name,
            )
        counts = column.dropna().map(plain).value_counts()
        if len(counts) != 2:
            self._not_two(column, counts)
            return None
        return self._which(sorted(counts.index))

    def _not_two(self, column: Series, counts: Series) -> None:
        """Note that the label has not two values, but others."""
        some = ", ".join(f"{value!r} ({count} times)" for value, count in counts.items() if count)
        rule = "allowed: two different values, at least two samples of each"
        if len(counts) < 2:
            self.problem(
                f"the label has one value only: {some}; {rule}" if some else f"no value; {rule}",
                self.options.label,
            )
            return
        third = column.map(plain, na_action="ignore") == counts.index[2]
        listed = ", ".join(f"{value!r} ({count} times)" for value, count in list(counts.items())[:5])
        self.problem(
            f"the label has {len(counts)} different values: {listed}{', ...' if len(counts) > 5 else ''}; "
            f"the third of them {self.places(third)}; {rule}: mend them, or keep the samples of two values",
            self.options.label,
        )

    def _which(self, values: Sequence[str]) -> str | None:
        """Return the one of two values that counts as positive."""
        given = self.options.positive or (
            "true" if {v.casefold() for v in values} <= {"true", "false"} else "1"
        )
        if (
            not self.options.positive
            and set(values) not in ({"0", "1"}, {"false", "true"})
            and given != "true"
        ):
            self.problem(
                f"the label's values are {values[0]!r} and {values[1]!r}; write "
                f"`positive: {_yaml(values[1])}` (or {_yaml(values[0])}), the one that counts as 1",
                self.options.label,
            )
            return None
        meant = next((words for words in _WORDS if given.casefold() in words), ())
        for matches in (
            [v for v in values if v == given],
            [v for v in values if v.casefold() == given.casefold()],
            [v for v in values if v.casefold() in meant],
        ):
            if len(matches) == 1:
                return matches[0]
        self.problem(
            f"`positive: {_yaml(given)}` is no value of the label; allowed: {values[0]!r} or {values[1]!r}",
            self.options.label,
        )
        return None

    def check_classes(self, labels: NDArray[np.int64], positive: str) -> None:
        """Raise `UserError` unless there are two samples of each class."""
        for what, count in (("positive", int(labels.sum())), ("other", int((1 - labels).sum()))):
            if count < 2:
                raise UserError(
                    f"{self.options.file}, column {self.options.label!r}: {count} {what} samples (positive: "
                    f"{positive}), missing values left out; allowed: at least two of each class"
                )

    # --- the features

    def features(self) -> list[str]:
        """List the columns that are to become features."""
        options, names = self.options, list(self.contents.frame.columns)
        for key in ("features", "drop"):
            for name in getattr(options, key):
                if name not in names:
                    self.problem(
                        f"no column {name!r}{nearest(name, names)}, which `{key}` names; allowed: "
                        "names of columns"
                    )
                elif name == options.label:
                    self.problem(f"`{key}` names the label; allowed: other columns", name)
        wanted = [name for name in names if name in options.features] if options.features else names
        left = [name for name in wanted if name != options.label and name not in options.drop]
        if not options.features and left and names[0] in ("", "Unnamed: 0") and left[0] == names[0]:
            self.said.append("the first column, which has no name, left out as an index")
            del left[0]
        return left

    def values(self, name: str) -> Series | None:
        """Return a column as numbers or as texts, nan where missing; None if it has a problem or no value."""
        column = self.contents.frame[name]
        if column.isna().all():
            self.said.append(f"column {name!r} left out: it has no values")
            return None
        if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_complex_dtype(column):
            numbers = pd.Series(column.to_numpy(dtype=np.float64, na_value=np.nan), column.index)
        elif column.dtype == object or isinstance(column.dtype, pd.StringDtype | pd.CategoricalDtype):
            texts = column.astype(object).map(plain, na_action="ignore")
            numbers = pd.to_numeric(texts, errors="coerce")
            wrong = numbers.isna() & texts.notna()
            if wrong.any():
                return self._texts(name, texts, wrong)
            numbers = numbers.astype(np.float64)
        else:
            self.problem(
                f"holds neither numbers nor texts but {column.dtype}; allowed: numbers, texts, true and "
                f"false; write `drop: [{_yaml(name)}]`",
                name,
            )
            return None
        if (infinite := np.isinf(numbers)).any():
            self.problem(
                f"not finite: {self.places(infinite, numbers.astype(object))}; allowed: finite numbers; "
                f"mend them, or write `drop: [{_yaml(name)}]`",
                name,
            )
            return None
        return numbers

    def _texts(self, name: str, texts: Series, wrong: Series) -> Series | None:
        """Return a column of texts, unless it is one of numbers with a few words, or has too many levels."""
        drop = f"write `drop: [{_yaml(name)}]`"
        hint = "; if the comma is the decimal sign, write `decimal: ','`" if _commas(texts[wrong]) else ""
        if wrong.sum() < 0.5 * texts.notna().sum():
            self.problem(
                f"not numbers, as the other values are: {self.places(wrong, texts)}; allowed: numbers; mend "
                f"them, or {drop}{hint}",
                name,
            )
            return None
        if texts[wrong].map(lambda text: _OTHERWISE.fullmatch(text) is not None).mean() >= 0.5:
            self.problem(
                f"numbers in a form that is not read: {self.places(wrong, texts)}; allowed: such as -1234.5, "
                f"without marks for thousands, units or currencies; mend them, or {drop}{hint}",
                name,
            )
            return None
        levels = texts.nunique()
        if levels > LEVELS:
            self.problem(
                f"{levels} different texts, the first of them {self.places(wrong, texts)}; allowed: up to "
                f"{LEVELS} (each becomes a column); {drop}{hint}",
                name,
            )
            return None
        return texts

    def check_missing(self, name: str, missing: Series) -> None:
        """Note a problem if values are missing and the config does not say what becomes of them."""
        if missing.any() and not self.options.missing:
            self.problem(
                f"no value {self.places(missing)} ({missing.sum()} of {len(missing)} missing); write "
                f"`missing: drop` (leaves out such samples), `missing: mean` (fills in the mean) or "
                f"`drop: [{_yaml(name)}]` (leaves out the column)",
                name,
            )

    def encoded(self, name: str, values: Series) -> list[tuple[str, Array]]:
        """Turn a column of texts into one of 0 and 1 for each level but the first, in order."""
        if values.dtype == np.float64:
            return [(name, values.to_numpy())]
        levels = sorted(values.dropna().unique())
        if levels:
            self.said.append(
                f"column {name!r} of texts became {len(levels) - 1} of 0 and 1, for "
                f"{', '.join(map(repr, levels[1:])) or 'no level'} (all 0: {levels[0]!r})"
            )
        gaps = values.isna()
        return [
            (f"{name}={level}", (values == level).astype(np.float64).mask(gaps).to_numpy())
            for level in levels[1:]
        ]

    def filled(self, name: str, numbers: Array) -> Array:
        """Fill in the mean where a value is missing."""
        gaps = np.isnan(numbers)
        if not gaps.any():
            return numbers
        known = numbers[~gaps]
        self.said.append(f"column {name!r}: its mean filled in {gaps.sum()} times (missing: mean)")
        mean = column_sums((known / len(known))[:, None])[0] if len(known) else 0.0
        return np.where(gaps, mean, numbers)


def _commas(texts: Series) -> bool:
    """Whether all texts would be numbers if the comma were the decimal sign."""
    return bool(texts.map(lambda text: "," in text and is_number(text)).all())


def _yaml(text: str) -> str:
    """Write a text as YAML has it; `yes` and the like may stay, as both readings of them are understood."""
    return text if re.fullmatch(r"[A-Za-z_][\w.]*|-?\d+", text) else repr(text)
