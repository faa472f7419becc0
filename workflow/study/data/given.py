"""The options of the user's own data files: where each lies, how it is written, what its columns are."""

from __future__ import annotations

import codecs
import re
from typing import Annotated, Any, Final

import numpy as np
from pydantic import BeforeValidator, Field, field_validator

from study.schema import Section, distinct, key, one_of

__all__ = ["FileOptions", "plain"]

_SEPARATORS: Final = ("tab", "blanks")
_MISSING: Final = ("drop", "mean")


def plain(value: Any) -> str:
    """Write a value as text, alike whatever type a file or YAML gives it: 1.0 as 1, True as true."""
    if isinstance(value, bool | np.bool_):
        return str(value).lower()
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()


def _as_text(value: Any) -> Any:
    """Take a number or a truth value, as YAML reads `1` and `yes`, for the text that a file holds."""
    return plain(value) if isinstance(value, int | float) else value


_Value = Annotated[str, BeforeValidator(_as_text, json_schema_input_type=str | bool | float)]
_Name = Annotated[str, BeforeValidator(_as_text, json_schema_input_type=str | int)]
_Names = Annotated[tuple[_Name, ...], Field(strict=False)]


class FileOptions(Section):
    """How a file is read; what is not given is found by looking, and said in the log."""

    file: str = key(
        ...,
        "Path of the file, from the directory Snakemake runs in.",
        allowed="path of a .csv, .tsv, .txt, .dat or .data file (or one of these compressed: .gz .bz2 .xz "
        ".zip .zst), or of a .parquet, .feather, .arff or .dta file, without { } or <word>",
    )
    label: _Name = key(
        "label",
        "Name of the column that holds the label, which has two values; its number, from 1, in a file "
        "without a header.",
        allowed="the name of a column with two values",
    )
    positive: _Value = key(
        "",
        "The value of the label that counts as positive. Not needed for 0 and 1, or true and false.",
        allowed="one of the two values of the label; none for 1 or true",
    )
    features: _Names = key(
        (), "The columns that are features.", allowed="a list of names of columns; none for all but the label"
    )
    drop: _Names = key(
        (), "Columns that are left out.", allowed="a list of names of columns that are no features"
    )
    missing: Annotated[str, one_of(("", *_MISSING))] = key(
        "",
        "What becomes of samples without a value somewhere: `drop` leaves them out, `mean` fills in the mean "
        "of the column.",
        allowed="drop or mean; none to refuse a file in which a value is missing",
    )
    standardise: bool = key(True, "Whether each feature is centred and divided by its standard deviation.")
    rows: int = key(
        10_000_000,
        "The most samples that are kept. Of a larger file as many are drawn at random, the same share of "
        "each class, and the same ones for every seed: their stream (workflow/study/data/streams.py) is "
        "called 0, rows, the name of the data set, this number.",
        ge=4,
        le=10_000_000,
    )
    separator: str = key(
        "",
        "What stands between two values of a text file.",
        allowed="one character, tab or blanks (any number of them); none to find it by looking",
    )
    decimal: Annotated[str, one_of(("", ".", ","))] = key(
        "", "The decimal sign of a text file.", allowed='"." or ","; none to find it by looking'
    )
    encoding: str = key(
        "",
        "The encoding of a text file.",
        allowed="the name of an encoding, such as utf-8 or cp1252; none to find it by looking",
    )
    header: bool | None = key(
        None,
        "Whether the first line of a text file names the columns. Without, they are called 1, 2 and so on.",
        allowed="true or false; none for true, where the first line does not look like values",
    )

    @field_validator("file")
    @classmethod
    def _as_it_stands(cls, value: str) -> str:
        # Snakemake replaces such words in every path, and offers no way to escape them.
        if found := re.search("[{}]|<[a-z][a-z0-9_]*>", value):
            raise ValueError(f"{value!r} has {found[0]}, which Snakemake takes for a variable")
        return value

    @field_validator("features", "drop")
    @classmethod
    def _different(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return distinct(value)

    @field_validator("missing")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in ("", *_MISSING):
            raise ValueError(f"{value!r} is unknown")
        return value

    @field_validator("separator")
    @classmethod
    def _separates(cls, value: str) -> str:
        words = {"\t": "tab", "\\t": "tab", " ": "blanks"}
        value = words.get(value, value)
        if len(value) > 1 and value not in _SEPARATORS:
            raise ValueError(f"{value!r} is not one character")
        if value and value in '"\n\r.':
            raise ValueError(f"{value!r} can separate no values")
        return value

    @field_validator("decimal")
    @classmethod
    def _decimal(cls, value: str) -> str:
        if value not in ("", ".", ","):
            raise ValueError(f"{value!r} is no decimal sign")
        return value

    @field_validator("encoding")
    @classmethod
    def _encodes(cls, value: str) -> str:
        try:
            " ".encode(value or "utf-8")
        except (LookupError, ValueError):
            raise ValueError(f"{value!r} is no encoding that Python knows") from None
        return codecs.lookup(value).name if value else ""
