"""Registered losses, models and optimisers by name; a name may take parameters, as in ``momentum(0.9)``."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from kernels.errors import failure

__all__ = ["Family", "Parameter", "Registry"]


class _Named(Protocol):
    @property
    def name(self) -> str: ...


Entry = TypeVar("Entry", bound=_Named)

_TEXT = re.compile(r"\s*(?P<name>\w+)\s*(?:\((?P<values>[^()]*)\))?\s*")


@dataclass(frozen=True)
class Parameter:
    """A number that a name takes in parentheses.

    Parameters
    ----------
    name
        What it is called in messages.
    allowed
        In words, what it may be: ``"a number from 0 to below 1"``.
    holds
        Whether a number is allowed.
    kind
        float, or int for whole numbers.
    default
        The number where a text names no parameters; None if it must name them.
    """

    name: str
    allowed: str
    holds: Callable[[Any], bool]
    kind: type[float] | type[int] = float
    default: float | None = None

    def read(self, text: str) -> Any:
        """The number that a text represents.

        Raises
        ------
        ValueError
            If it is not such a number, or not allowed.
        """
        number = self.kind(text)
        if not self.holds(number):
            raise ValueError(text)
        return number


@dataclass(frozen=True, eq=False)
class Family(Generic[Entry]):
    """Entries that differ in parameters.

    Parameters
    ----------
    name
        The text before the parentheses.
    parameters
        Those between the parentheses, in this order.
    make
        ``(name, *numbers) -> entry``; `name` is the whole canonical text, to be the entry's name.
    """

    name: str
    parameters: tuple[Parameter, ...]
    make: Callable[..., Entry]

    @property
    def form(self) -> str:
        """How the name is written: ``momentum(beta)``."""
        return f"{self.name}({', '.join(parameter.name for parameter in self.parameters)})"

    @property
    def has_defaults(self) -> bool:
        """Whether the name may stand without parentheses."""
        return all(parameter.default is not None for parameter in self.parameters)

    def read(self, values: str | None) -> tuple[Any, ...]:
        """The numbers between the parentheses, or the defaults where there are no parentheses.

        Raises
        ------
        ValueError
            If there are too few or too many, or one is not allowed.
        """
        if values is None and self.has_defaults:
            return tuple(one.kind(one.default) for one in self.parameters if one.default is not None)
        texts = [] if values is None else values.split(",")
        return tuple(parameter.read(text) for parameter, text in zip(self.parameters, texts, strict=True))


class Registry(Mapping[str, Entry]):
    """Entries of one kind by name.

    Looking up a text with parameters, ``registry["momentum(0.9)"]``, gives an entry whose name is the
    canonical form of that text; the same numbers give the same entry, however they were written.  Iterating
    gives the names that may stand without parameters, of which there are finitely many.

    Parameters
    ----------
    kind
        What an entry is called in messages: ``"loss"``.
    """

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._plain: dict[str, Entry] = {}
        self._families: dict[str, Family[Entry]] = {}
        self._made: dict[str, Entry] = {}

    def register(self, entry: Entry | Family[Entry]) -> None:
        """Make an entry, or a family of entries, known under its name.

        Raises
        ------
        ValueError
            If the name is taken, or is not made of letters, digits and underscores.
        """
        if not re.fullmatch(r"\w+", entry.name):
            raise failure(f"name of a {self._kind}", repr(entry.name), "letters, digits and underscores")
        if entry.name in self._plain or entry.name in self._families:
            taken = ", ".join([*self._plain, *self._families])
            message = f"{self._kind}: {entry.name!r} is registered already; choose a name other than {taken}"
            raise ValueError(message)
        if isinstance(entry, Family):
            self._families[entry.name] = entry
        else:
            self._plain[entry.name] = entry

    def find(self, text: object, argument: str | None = None) -> Entry:
        """The entry that a text names.

        Parameters
        ----------
        text
            A name, with parameters in parentheses where it takes some.
        argument
            The argument that the text was given for, in messages; by default the kind of entries.

        Raises
        ------
        ValueError
            In one line: the argument, the text, what is allowed, and the nearest name.
        """
        argument = argument or self._kind
        if isinstance(text, str) and text in self._plain:
            return self._plain[text]
        parts = _TEXT.fullmatch(text) if isinstance(text, str) else None
        name, values = (parts["name"], parts["values"]) if parts else (None, None)
        if name in self._families:
            return self._make(
                self._families[name], values, failure(argument, repr(text), self._allowed(name))
            )
        if name in self._plain:
            if values is None:
                return self._plain[name]
            raise failure(argument, repr(text), f"{name}, without parentheses")
        near = difflib.get_close_matches(str(text).split("(")[0], [*self._plain, *self._families], 1)
        nearest = f"; the nearest is {near[0]}" if near else ""
        forms = ", ".join([*self._plain, *(family.form for family in self._families.values())])
        raise failure(argument, repr(text), f"one of {forms}{nearest}")

    def canonical(self, text: str) -> str:
        """The canonical form of a text: ``momentum(0.9)`` for ``momentum( .90 )``.

        Raises
        ------
        ValueError
            As `find`.
        """
        return self.find(text).name

    def _allowed(self, name: str) -> str:
        family = self._families[name]
        return ", ".join([family.form, *(f"{one.name} {one.allowed}" for one in family.parameters)])

    def _make(self, family: Family[Entry], values: str | None, error: ValueError) -> Entry:
        try:
            numbers = family.read(values)
        except ValueError:
            raise error from None
        name = f"{family.name}({', '.join(map(_written, numbers))})"
        if name not in self._made:
            self._made[name] = family.make(name, *numbers)
        return self._made[name]

    def __getitem__(self, text: str) -> Entry:
        try:
            return self.find(text)
        except ValueError as error:
            raise KeyError(str(error)) from None

    def __iter__(self) -> Iterator[str]:
        yield from self._plain
        yield from (name for name, family in self._families.items() if family.has_defaults)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _written(number: float) -> str:
    """The shortest text that reads as this number: whole ones without a point."""
    return str(number).removesuffix(".0")
