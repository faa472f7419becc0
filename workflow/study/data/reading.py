"""The user's own data files, read as they came: what a text file looks like is found by looking, and said."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import itertools
import lzma
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow as pa
import scipy  # its parts are loaded at their first use: few files need them

from study.data.given import FileOptions
from study.errors import UserError
from study.schema import shown

__all__ = ["SHOWN", "Contents", "is_number", "read"]

_TEXTS: Final = (".csv", ".tsv", ".txt", ".dat", ".data", ".tab")


def _only_member(content: bytes) -> bytes:
    """Unpack a .zip file of one file."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = [name for name in archive.namelist() if not name.endswith("/")]
        if len(members) != 1:
            raise ValueError(f"the .zip file holds {len(members)} files; allowed: one")
        return archive.read(members[0])


def _unpack_zst(content: bytes) -> bytes:
    unpacked: bytes = pa.CompressedInputStream(pa.BufferReader(content), "zstd").read()
    return unpacked


_UNPACK: Final[dict[str, Callable[[bytes], bytes]]] = {
    ".gz": gzip.decompress,
    ".bz2": bz2.decompress,
    ".xz": lzma.decompress,
    ".zip": _only_member,
    ".zst": _unpack_zst,
}

_TABLES: Final[dict[str, Callable[[str], pd.DataFrame]]] = {
    ".parquet": pd.read_parquet,
    ".feather": pd.read_feather,
    ".dta": lambda path: pd.read_stata(path, convert_categoricals=False),
}

_NAMES: Final = {",": "comma", ";": "semicolon", "\t": "tab", " ": "blanks", "tab": "tab", "blanks": "blanks"}

_MARKS: Final = ("?", ".", "NA", "na", "N/A", "n/a", "NaN", "nan", "NULL", "null", "<NA>", "#N/A", "")
"""Texts that stand for a missing value."""

_NUMBER: Final = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?")
_POINT: Final = re.compile(r"[+-]?\d*\.\d+([eE][+-]?\d+)?")
_COMMA: Final = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?")
SHOWN: Final = 3
"""Faults of one kind that are shown; the others are counted."""

_LOOKED_AT: Final = 200
"""Records of a text file that are looked at to find its form."""

_WEB_PAGE: Final = "a web page, perhaps one to sign in at, in place of the data; download the file itself"
_INSTEAD: Final = (
    (b"version https://git-lfs", "a pointer of Git LFS in place of the data; `git lfs pull` fetches these"),
    (b"<!doctype html", _WEB_PAGE),
    (b"<html", _WEB_PAGE),
    (b"PK\3\4", "a spreadsheet or .zip file; save it as CSV, or let its name end in .csv.zip"),
    (b"\x1f\x8b", "compressed by gzip; let its name end in .gz"),
)
"""How a file begins that is not what its name says, and what it is."""


@dataclass(frozen=True)
class Contents:
    """What a file holds.

    Attributes
    ----------
    frame : DataFrame
        Its columns by name.
    lines : tuple of int or None
        Line of each row, from 1, in a text file.
    said : tuple of str
        How it was read, and what was left out in doing so.
    """

    frame: pd.DataFrame
    said: tuple[str, ...] = ()
    lines: tuple[int, ...] | None = field(default=None, repr=False)

    def place(self, row: int) -> str:
        """Name a row, counted from 0, as a message names it."""
        return f"line {self.lines[row]}" if self.lines is not None else f"row {row + 1}"


def read(options: FileOptions) -> Contents:
    """Read a file; raise `UserError` with what is wrong with its form, a line each."""
    path = options.file
    suffixes = [suffix.lower() for suffix in Path(path).suffixes]
    suffix = next((one for one in reversed(suffixes) if one not in _UNPACK), "")
    if suffix not in (*_TEXTS, *_TABLES, ".arff"):
        raise UserError(
            f"{path}: not a data file that can be read; allowed: {', '.join(_TEXTS)} (or one of these "
            f"compressed: {', '.join(_UNPACK)}), {', '.join(_TABLES)} or .arff; save it as one of them"
        )
    try:
        _check_there(path)
        if suffix in _TABLES:
            with Path(path).open("rb") as file:
                _check_begin(path, file.read(100))
            contents = Contents(_TABLES[suffix](path))
        else:
            content = Path(path).read_bytes()
            if suffixes[-1] in _UNPACK:
                content = _UNPACK[suffixes[-1]](content)
            _check_begin(path, content[:100])
            text, encoding = _decoded(content, options)
            contents = _arff(text) if suffix == ".arff" else _Text(options, text, encoding).contents()
    except (UserError, MemoryError):
        raise
    except Exception as error:  # a reader may raise anything on a malformed file
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise UserError(f"{path}: cannot be read as {suffix[1:]}: {reason}") from error
    contents.frame.columns = contents.frame.columns.map(str)
    _check_names(path, contents.frame.columns)
    return contents


def _check_there(path: str) -> None:
    """Raise `UserError` if there is no file at a path."""
    place = Path(path)
    if place.is_dir():
        raise UserError(f"{path}: a folder; allowed: one file (for a folder of parts, write them into one)")
    if place.is_symlink() and not place.exists():
        raise UserError(f"{path}: a link to {place.readlink()}, which does not exist")
    if not place.is_file():
        home = "; write the folder itself in place of ~" if path.startswith("~") else ""
        raise UserError(f"{path}: no such file (relative to {Path.cwd()}){home}")


def _check_begin(path: str, begin: bytes) -> None:
    """Raise `UserError` if a file begins as what is no data does."""
    begin = begin.lstrip().lower()
    for sign, what in _INSTEAD:
        if begin.startswith(sign.lower()):
            raise UserError(f"{path}: {what}")


def _decoded(content: bytes, options: FileOptions) -> tuple[str, str]:
    """Decode a text file; return the encoding too."""
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    if not options.encoding and not wide and b"\0" in content:
        raise UserError(f"{options.file}: is no text file: it holds bytes of value 0")
    likely = ("utf-16",) if wide else ("utf-8-sig", "cp1252", "latin-1")
    for encoding in (options.encoding,) if options.encoding else likely:
        try:
            return content.decode(encoding), encoding.removesuffix("-sig")
        except UnicodeDecodeError as error:
            reason = str(error)
    raise UserError(
        f"{options.file}: not in the encoding {options.encoding or likely[0]} ({reason}); "
        "write another `encoding`"
    )


def _arff(text: str) -> Contents:
    """Read a file of Weka's format; its nominal values are bytes, and ? is a missing one."""
    values, _ = scipy.io.arff.loadarff(io.StringIO(text))
    frame = pd.DataFrame(values)
    for name in frame.select_dtypes(include=["object"]):
        words = frame[name].map(lambda value: value.decode() if isinstance(value, bytes) else value)
        frame[name] = words.where(words != "?")
    return Contents(frame)


def _check_names(path: str, names: pd.Index[str]) -> None:
    """Raise `UserError` if two columns have the same name."""
    twice = names[names.duplicated()]
    if len(twice):
        raise UserError(
            f"{path}: column {twice[0]!r} occurs more than once; allowed: a name of its own for each column"
        )


def _bare(text: str) -> str:
    """Return a text without blanks around it, nor single quotes, as some files have around the names."""
    text = text.strip()
    return text[1:-1].strip() if len(text) > 1 and text[0] == text[-1] == "'" else text


def _trimmed(fields: list[str]) -> list[str]:
    """Leave out empty fields at the end."""
    last = max((number for number, text in enumerate(fields) if text.strip()), default=0)
    return fields[: last + 1]


def is_number(value: str) -> bool:
    """Whether a text is a number, with a point or a comma."""
    return _NUMBER.fullmatch(value.strip()) is not None


@dataclass(frozen=True)
class _Text:
    """A text file, and what its form is found to be."""

    options: FileOptions
    text: str
    encoding: str

    def contents(self) -> Contents:
        """Check the form and read the values."""
        if not self.head:
            raise UserError(f"{self.options.file}: cannot be read: it is empty")
        self._check_header()
        rows, width = self._rows()
        frame = pd.read_csv(
            io.StringIO(self.text),
            sep=r"\s+" if self.separator == " " else self.separator,
            decimal=self.decimal,
            header=0 if self.header else None,
            names=list(range(width)),
            index_col=False,
            skipinitialspace=True,
            na_values=list(_MARKS),
            low_memory=False,
        )
        empty = width - len(self.names)
        frame = frame.iloc[:, : len(self.names)]
        frame.columns = pd.Index(self.names)
        said = (
            f"read as {self.encoding}, separated by {_NAMES.get(self.separator, shown(self.separator))}, "
            f"decimal sign {'point' if self.decimal == '.' else 'comma'}, "
            + (
                "names in the first line"
                if self.header
                else "without a header: columns called 1, 2 and so on"
            )
        )
        more = (f"empty columns at the end left out: {empty}",) if empty else ()
        return Contents(frame, (said, *more), rows if len(rows) == len(frame) else None)

    @property
    def header(self) -> bool:
        """Whether the first line names the columns."""
        return self.options.header is not False

    @cached_property
    def separator(self) -> str:
        """The separator: the one given, or the one that names the label, or makes records of one length."""
        words = {"tab": "\t", "blanks": " "}
        given = words.get(self.options.separator, self.options.separator)
        return given or max((";", "\t", ",", " ", "|"), key=self._fit)

    def _fit(self, separator: str) -> tuple[bool, bool, float, int]:
        """Judge a separator: does it name the label, give records of one length, numbers, many fields."""
        records = [fields for _, fields in itertools.islice(self._records(separator), _LOOKED_AT)]
        if not records:
            return False, False, 0.0, 0
        widths = {len(fields) for fields in records[1:]} or {len(records[0])}
        named = self.options.label in map(_bare, records[0])
        numbers = sum(map(is_number, records[-1])) / len(records[-1])
        return named, len(widths) == 1 and widths != {1}, numbers, len(records[0])

    @cached_property
    def head(self) -> list[list[str]]:
        """The fields of the first records."""
        records = itertools.islice(self._records(self.separator), _LOOKED_AT)
        return [[_bare(text) for text in fields] for _, fields in records]

    @cached_property
    def decimal(self) -> str:
        """The decimal sign: the one given, or a comma if numbers with one occur and none with a point."""
        if self.options.decimal or self.separator == ",":
            return self.options.decimal or "."
        fields = [text for record in self.head for text in record]
        commas = any(_COMMA.fullmatch(text) for text in fields)
        return "," if commas and not any(_POINT.fullmatch(text) for text in fields) else "."

    @cached_property
    def names(self) -> list[str]:
        """The names of the columns; none for the names of rows, to which R gives no name."""
        first = self.head[0]
        if not self.header:
            return [str(number + 1) for number in range(len(first))]
        # Fields at the end that are empty in all lines come from separators that some programs put there.
        names = first[: max(len(_trimmed(fields)) for fields in self.head)]
        return ["", *names] if self._has_row_names(names) else names

    def _has_row_names(self, names: list[str]) -> bool:
        """Whether each row begins with a name or its number, and the header has no field for it."""
        rows = self.head[1:]
        if any(len(row) != len(names) + 1 for row in rows) or not any(row[-1] for row in rows):
            return False
        begins = [row[0] for row in rows]
        counted = begins == [str(number + 1) for number in range(len(rows))]
        return counted or (len(set(begins)) == len(rows) and not any(map(is_number, begins)))

    def _records(self, separator: str) -> Iterator[tuple[int, list[str]]]:
        """Yield the line and the fields of each record that is not blank."""
        reader = csv.reader(self._lines(separator), delimiter=separator, skipinitialspace=True)
        begun = 1
        try:
            for fields in reader:
                if len(fields) > 1 or (fields and fields[0].strip()):
                    yield begun, fields
                begun = reader.line_num + 1
        except csv.Error:  # a field beyond all limits
            raise self._unclosed(begun) from None

    def _lines(self, separator: str) -> Iterable[str]:
        """Yield the lines; blanks that separate are single ones, and none at either end."""
        lines = io.StringIO(self.text, newline="")
        return (f"{line.expandtabs(1).strip()}\n" for line in lines) if separator == " " else lines

    def _unclosed(self, line: int) -> UserError:
        return UserError(
            f"{self.options.file}, line {line}: a quotation mark that is opened here is not closed; allowed: "
            'pairs of "; mend the line'
        )

    def _check_closed(self, line: int) -> None:
        """Raise `UserError` if the last record, which begins in a line, ends inside quotation marks."""
        rest = itertools.islice(self._lines(self.separator), line - 1, None)
        try:
            list(csv.reader(rest, delimiter=self.separator, skipinitialspace=True, strict=True))
        except csv.Error as error:
            if "unexpected end" in str(error):
                raise self._unclosed(line) from None

    def _check_header(self) -> None:
        """Raise `UserError` if the names are values or in a line below, as far as can be seen."""
        names = self.head[0]
        records = itertools.islice(self._records(self.separator), _LOOKED_AT)
        named = [
            line
            for line, fields in records
            if self.options.label in map(_bare, fields) and not any(map(is_number, fields))
        ]
        if self.options.header is not False and self.options.label not in names and named:
            raise UserError(
                f"{self.options.file}, line {named[0]}: here are the names of the columns, but above them is "
                f"{shown(self.head[0][0])}; allowed: the names first; delete what is above them"
            )
        if self.options.header is None and self.options.label not in names and any(map(is_number, names)):
            values = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
            raise UserError(
                f"{self.options.file}, line 1: this looks like a file without a header ({values}); write "
                f"`header: false` and the number of the label's column, such as `label: {len(names)}`; if it "
                "is a header, `header: true` and the name"
            )

    def _rows(self) -> tuple[tuple[int, ...], int]:
        """Return the line of each row, and the number of fields of the longest, empty ones included.

        Raises `UserError` if a row has more or fewer values than there are names.
        """
        found, wrong, width, last = [], [], len(self.names), 1
        for number, (line, fields) in enumerate(self._records(self.separator)):
            width, last = max(width, len(fields)), line
            if self.header and number == 0:
                continue
            found.append(line)
            if len(fields) < len(self.names) or any(map(str.strip, fields[len(self.names) :])):
                wrong.append((line, len(fields)))
        self._check_closed(last)
        if not wrong:
            return tuple(found), width
        expected = f"{len(self.names)} {'names in the header' if self.header else 'in the first line'}"
        separator = _NAMES.get(self.separator, shown(self.separator))
        lines = [
            f"{self.options.file}, line {line}: {count} values, but {expected}; allowed: as many, separated "
            f"by {separator}; mend the line, or write another `separator`"
            for line, count in wrong[:SHOWN]
        ]
        more = (
            [f"{self.options.file}: and {len(wrong) - SHOWN} more of such lines"]
            if len(wrong) > SHOWN
            else []
        )
        raise UserError("\n".join([*lines, *more]))
