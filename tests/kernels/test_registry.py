"""Names of registered entries, and the parameters that they take in parentheses."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kernels
from kernels.registry import Family, Parameter, Registry


@dataclass(frozen=True)
class Thing:
    name: str
    numbers: tuple = ()


@pytest.fixture
def things() -> Registry[Thing]:
    registry: Registry[Thing] = Registry("thing")
    registry.register(Thing("plain"))
    registry.register(Thing("other"))
    share = Parameter("beta", "a number from 0 to below 1", lambda value: 0.0 <= value < 1.0)
    size = Parameter("size", "a whole number from 1 on", lambda value: value >= 1, int)
    registry.register(Family("momentum", (share,), lambda name, *numbers: Thing(name, numbers)))
    registry.register(Family("net", (size, share), lambda name, *numbers: Thing(name, numbers)))
    return registry


@pytest.mark.parametrize(
    ("text", "canonical", "numbers"),
    [
        ("plain", "plain", ()),
        (" plain ", "plain", ()),
        ("momentum(0.9)", "momentum(0.9)", (0.9,)),
        (" momentum ( .90 ) ", "momentum(0.9)", (0.9,)),
        ("momentum(0.0)", "momentum(0)", (0.0,)),
        ("momentum(1e-3)", "momentum(0.001)", (0.001,)),
        ("net(16,.5)", "net(16, 0.5)", (16, 0.5)),
    ],
)
def test_a_text_has_one_canonical_form(
    things: Registry[Thing], text: str, canonical: str, numbers: tuple
) -> None:
    found = things[text]
    assert (found.name, found.numbers) == (canonical, numbers)
    assert things.canonical(text) == canonical
    assert things.canonical(canonical) == canonical
    assert things[canonical] is found
    assert text in things


@settings(deadline=None)
@given(st.floats(0.0, 1.0, exclude_max=True))
def test_no_digit_of_a_parameter_is_lost(beta: float) -> None:
    registry: Registry[Thing] = Registry("thing")
    parameter = Parameter("beta", "a number from 0 to below 1", lambda value: 0.0 <= value < 1.0)
    registry.register(Family("momentum", (parameter,), lambda name, *numbers: Thing(name, numbers)))
    name = registry.canonical(f"momentum({beta!r})")
    assert registry[name].numbers == (beta,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "plane",
            "got 'plane'; allowed is one of plain, other, momentum(beta), .*; the nearest is plain",
        ),
        ("momentu(0.9)", "got 'momentu(0.9)'; allowed is one of .*; the nearest is momentum"),
        ("zzz", "got 'zzz'; allowed is one of plain, other, momentum(beta), net(size, beta)"),
        (None, "got None; allowed is one of plain, other"),
        (("plain",), "got ('plain',); allowed is one of plain, other"),
        ("", "got ''; allowed is one of"),
        ("plain(1)", "got 'plain(1)'; allowed is plain, without parentheses"),
        ("plain()", "got 'plain()'; allowed is plain, without parentheses"),
        ("momentum", "got 'momentum'; allowed is momentum(beta), beta a number from 0 to below 1"),
        ("momentum()", "got 'momentum()'; allowed is momentum(beta)"),
        ("momentum(1)", "got 'momentum(1)'; allowed is momentum(beta), beta a number from 0 to below 1"),
        ("momentum(nan)", "got 'momentum(nan)'; allowed is momentum(beta)"),
        ("momentum(0.1, 0.2)", "got 'momentum(0.1, 0.2)'; allowed is momentum(beta)"),
        ("momentum(x)", "got 'momentum(x)'; allowed is momentum(beta)"),
        ("momentum(0.9", "got 'momentum(0.9'; allowed is one of .*; the nearest is momentum"),
        (
            "net(1.5, 0)",
            "got 'net(1.5, 0)'; allowed is net(size, beta), size a whole number from 1 on, beta a number",
        ),
    ],
)
def test_a_wrong_text_is_reported_in_one_line(things: Registry[Thing], text: object, message: str) -> None:
    pattern = message.replace("(", r"\(").replace(")", r"\)")
    with pytest.raises(ValueError, match=pattern) as error:
        things.find(text, "remedy")
    assert str(error.value).startswith("remedy: ")
    assert "\n" not in str(error.value)
    assert text not in things


def test_a_name_is_registered_once_and_is_a_word(things: Registry[Thing]) -> None:
    for taken in (Thing("plain"), Thing("momentum"), Family("plain", (), Thing)):
        with pytest.raises(
            ValueError, match="is registered already; choose a name other than plain, other, momentum"
        ):
            things.register(taken)
    with pytest.raises(
        ValueError, match="name of a thing: got 'a b'; allowed is letters, digits and underscores"
    ):
        things.register(Thing("a b"))


def test_to_iterate_gives_the_names_without_parameters(things: Registry[Thing]) -> None:
    assert list(things) == ["plain", "other"]
    assert len(things) == 2
    assert [entry.name for entry in things.values()] == list(things)


def test_a_family_with_defaults_may_be_named_without_parentheses(things: Registry[Thing]) -> None:
    share = Parameter("beta", "a number", lambda value: True, default=0.9)
    size = Parameter("size", "a whole number", lambda value: True, int, default=3)
    things.register(Family("easy", (share, size), lambda name, *numbers: Thing(name, numbers)))
    assert things["easy"] is things["easy(0.9, 3)"]
    assert (things["easy"].name, things["easy"].numbers) == ("easy(0.9, 3)", (0.9, 3))
    assert list(things) == ["plain", "other", "easy"]
    with pytest.raises(ValueError, match=r"thing: got 'easy\(0.9\)'; allowed is easy\(beta, size\)"):
        things.find("easy(0.9)")


@pytest.mark.parametrize("registry", [kernels.LOSSES, kernels.MODELS, kernels.OPTIMISERS])
def test_the_names_of_this_package_are_canonical(registry: Registry) -> None:
    assert len(registry) > 0
    for name, entry in registry.items():
        assert registry.canonical(name) == registry.canonical(entry.name) == entry.name
        assert entry.name.split("(")[0] == name
