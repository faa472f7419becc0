"""What the sections of the config share: strict frozen models, a line for each problem, a row for each key.

A key is declared once, with `key`; the text of what it allows, made from its type and constraints, is used by
the messages, the reference page and editors alike.
"""

from __future__ import annotations

import difflib
import types
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, NamedTuple, TypeVar, Union, cast, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic.config import JsonDict
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from study.prose import Prose

__all__ = [
    "Grid",
    "Section",
    "Slug",
    "WholeNumbers",
    "allowed",
    "distinct",
    "key",
    "kind",
    "nearest",
    "one_of",
    "problems",
    "shown",
]

T = TypeVar("T")


class Section(BaseModel):
    """A section of the config: frozen, without unknown keys; only whole numbers are converted, to floats."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, arbitrary_types_allowed=True
    )


def key(default: Any, meaning: Prose, *, allowed: Prose = "", **constraints: Any) -> Any:
    """Declare a key of a section.

    Parameters
    ----------
    default : object
        The value where the user gives none; ``...`` for a key that must be given.
    meaning : str
        The description, for the reference page.
    allowed : str, default ""
        What is allowed, in words: completes "allowed: ...". Needed only where type and constraints do not say
        it.
    **constraints : object
        Passed to `pydantic.Field` (``ge``, ``lt``, ...).
    """
    extra: JsonDict = {"allowed": allowed} if allowed else {}
    return Field(default, description=meaning, json_schema_extra=extra, **constraints)


def allowed(field: FieldInfo) -> str:
    """Text of what a key allows: that given to `key`, or one made from its type and constraints."""
    extra = field.json_schema_extra
    if isinstance(extra, dict) and "allowed" in extra:
        return str(extra["allowed"])
    return _rule(field.annotation, [*field.metadata, Field(json_schema_extra=extra)])


def _rule(annotation: Any, metadata: Iterable[Any]) -> str:
    """What a type with its constraints allows."""
    if get_origin(annotation) is tuple:
        some = "one or more " if any(getattr(part, "min_length", 0) for part in metadata) else ""
        different = "different " if any(getattr(part, "func", None) is distinct for part in metadata) else ""
        item, details = _unpacked(get_args(annotation)[0])
        if details.names:
            return f"a list of {some}{different}names out of {', '.join(details.names)}"
        each = f", each {details.limits()}" if details.bounds else ""
        return f"a list of {some}{different}{kind(item)}s{each}"
    inner = section(annotation)
    if inner is not None:
        *first, last = inner.model_fields
        return f"a mapping with {', '.join(first)} and {last}"
    _, details = _unpacked(Annotated[annotation, *metadata])
    if details.names:
        return f"one of {', '.join(details.names)}"
    return f"{_ARTICLES[annotation]}{kind(annotation)} {details.limits(whole=annotation is int)}".rstrip()


_ARTICLES: Mapping[Any, str] = {int: "a ", float: "a ", str: "", bool: ""}
_SIGNS: Mapping[str, str] = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}


class _Details(NamedTuple):
    """What an annotation adds to a type: bounds by their names in pydantic, and names to choose from."""

    bounds: dict[str, float]
    names: tuple[str, ...]

    def limits(self, *, whole: bool = False) -> str:
        """Put the bounds in words, those of a single whole number as the least and the largest."""
        bounds = dict(self.bounds)
        if whole and "lt" in bounds:
            bounds["le"] = bounds.pop("lt") - 1
        if whole and set(bounds) == {"ge", "le"}:
            return f"from {_plain(bounds['ge'])} to {_plain(bounds['le'])}"
        return " and ".join(
            f"{sign} {_plain(bounds[name])}" for name, sign in _SIGNS.items() if name in bounds
        )


def _unpacked(annotation: Any) -> tuple[Any, _Details]:
    """Separate a type from what its annotation adds."""
    if get_origin(annotation) is not Annotated:
        return annotation, _Details({}, ())
    inner, *metadata = get_args(annotation)
    bounds, names = dict[str, float](), tuple[str, ...]()
    for part in metadata:
        if isinstance(part, FieldInfo) and isinstance(part.json_schema_extra, dict):
            names = tuple(map(str, cast("list[str]", part.json_schema_extra.get("enum", []))))
        for one in part.metadata if isinstance(part, FieldInfo) else [part]:
            bounds |= {name: getattr(one, name) for name in _SIGNS if hasattr(one, name)}
    return inner, _Details(bounds, names)


def _plain(number: float) -> str:
    """Write a number without an exponent."""
    return f"{Decimal(repr(number)):f}".removesuffix(".0")


def distinct(values: tuple[T, ...]) -> tuple[T, ...]:
    """Return a tuple if no value occurs twice, else raise ValueError naming those that do."""
    twice = [repr(value) for value, times in Counter(values).items() if times > 1]
    if twice:
        raise ValueError(f"{', '.join(twice)} is given more than once")
    return values


_UNIQUE = {"uniqueItems": True}
Grid = Annotated[
    tuple[T, ...], Field(min_length=1, strict=False, json_schema_extra=_UNIQUE), AfterValidator(distinct)
]
"""A list of one or more different values (its items as strict as any other)."""

WholeNumbers = Grid[Annotated[int, Field(ge=0, lt=2**31)]]


def one_of(names: Iterable[str]) -> Any:
    """Mark a text as one of some names, for the reference page and editors; a validator must check it."""
    return Field(json_schema_extra={"enum": list(names)})


Slug = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


def nearest(word: object, words: Iterable[str]) -> str:
    """`` (did you mean 'x'?)`` for the word most like a misspelt one, else nothing."""
    close = difflib.get_close_matches(str(word), list(words), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def shown(value: object) -> str:
    """Give a value as a message shows it: its repr, cut to 60 characters."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def problems(error: ValidationError, model: type[Section], prefix: str = "") -> list[str]:
    """One line per problem of a pydantic error: path as the user writes it, value given, what is allowed.

    Parameters
    ----------
    error : ValidationError
        From ``model.model_validate``.
    model : type of Section
        The model that was to be validated.
    prefix : str, default ""
        Path of the model itself, such as ``datasets[1]``.
    """
    found = error.errors(include_url=False)
    return [
        _line(details, model, prefix)
        for details in found
        if details["type"] != "too_short" or not details["input"]
    ]


def _line(details: ErrorDetails, model: type[Section], prefix: str) -> str:
    """Turn one error of pydantic into a line."""
    path, field, parent, inner = _locate(details["loc"], model, prefix)
    if details["type"] in {"extra_forbidden", "invalid_key"}:
        names = list(parent.model_fields)
        return f"{path}: unknown key{nearest(details['loc'][-1], names)}; allowed: {', '.join(names)}"
    if details["type"] == "model_type" and inner is not None:
        names = list(inner.model_fields)
        return f"{path}: {shown(details['input'])} is not a mapping; allowed keys: {', '.join(names)}"
    rule = f"; allowed: {allowed(field)}" if field is not None else ""
    if details["type"] == "missing":
        return f"{path}: missing{rule}"
    if details["type"] == "value_error":
        return f"{path}: {details['ctx']['error']}{rule}"
    return f"{path}: {shown(details['input'])} is not allowed{rule}{_hint(details)}"


def _hint(details: ErrorDetails) -> str:
    """Say why what looks right is not: YAML takes `1e-3` for text, but not `no`, `123` and `2024-01-01`."""
    value = details["input"]
    if details["type"] == "string_type" and isinstance(value, bool | int | float | date):
        return " (YAML does not read this as text: put it in quotes, on the command line in two pairs)"
    if not isinstance(value, str | float) or details["type"] not in {"float_type", "int_type"}:
        return ""
    try:
        number = float(value)
    except ValueError:
        return ""
    if details["type"] == "int_type":
        if not number.is_integer() or abs(number) > 2**53:
            return ""
        number = int(number)
    if isinstance(value, str):
        return f" (this is text: write {number!r}, without quotes)"
    return f" (write {number}, without a point or an exponent)"


def _locate(
    loc: tuple[int | str, ...], model: type[Section], prefix: str
) -> tuple[str, FieldInfo | None, type[Section], type[Section] | None]:
    """Find the path as the user writes it, its innermost declared key, that key's section, and any inside."""
    path, field = prefix, None
    parent: type[Section] = model
    inner: type[Section] | None = model
    for part in loc:
        if isinstance(part, int):
            path += f"[{part}]"
            continue
        path += f".{part}" if path else part
        parent = inner or parent
        found = parent.model_fields.get(part)
        field = found or field
        inner = section(found.annotation) if found is not None else None
    return path, field, parent, inner


def section(annotation: Any) -> type[Section] | None:
    """Return the section that a key holds, alone or in a tuple; None if it holds none."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    for inner in get_args(annotation):
        found = section(inner)
        if found is not None:
            return found
    return None


_NAMES: Mapping[Any, str] = {int: "whole number", float: "number", str: "text", bool: "true or false"}


def kind(annotation: Any) -> str:
    """Type of a key in plain words, such as ``list of numbers``."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return kind(inner[0])
    if origin in {Union, types.UnionType}:
        return " or ".join(kind(part) for part in inner)
    if origin is tuple:
        return f"list of {kind(inner[0])}s".replace("texts", "text")
    if section(annotation) is not None:
        return "mapping"
    return "nothing" if annotation is type(None) else _NAMES[annotation]
