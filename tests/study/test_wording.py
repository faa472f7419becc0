from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from study import wording

positive = st.floats(1e-9, 1e15)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *((0.0, "0"), (4.0, "4"), (0.0031, "0.0031"), (4.3177, "4.32"), (13.859, "13.9"), (334.17, "334")),
        *((999.9, "1,000"), (12522.6, "12,500"), (1e6, "1,000,000"), (math.inf, "inf"), (math.nan, "nan")),
    ],
)
def test_number(value, text):
    assert wording.number(value) == text


@given(positive)
def test_a_bound_is_never_printed_stronger_than_it_is(value):
    assert float(wording.number(value, rounding="down").replace(",", "")) <= value
    assert float(wording.number(value, rounding="up").replace(",", "")) >= value


@given(positive)
def test_three_digits_are_good_to_half_a_per_cent(value):
    assert float(wording.number(value).replace(",", "")) == pytest.approx(value, rel=0.0051)


@given(st.integers(0, 10**7), st.integers(0, 10**7))
def test_percent_says_none_and_all_only_where_it_is_so(a, b):
    part, whole = sorted((a, b))
    text = wording.percent(part, whole)
    if whole:
        assert (text == "0%") == (part == 0)
        assert (text == "100%") == (part == whole > 0)
    else:
        assert text == "none"


def test_ratio():
    assert wording.ratio(5.4, 4.9, 6.1, bound=False) == "5.4x [4.9, 6.1]"
    assert wording.ratio(5.4, 4.9, math.inf, bound=False) == "5.4x [4.9, inf)"
    assert wording.ratio(812.9, 5, math.inf, bound=True) == "> 812x"
    assert wording.ratio(0, 0, 0, bound=True) == "unknown"
    assert wording.ratio(0, 0, 0, bound=False, ceiling=0.3) == "< 0.3x"
    assert wording.ratio(0, 0, 0, bound=False) == "unknown"
    assert wording.ratio(math.nan, 0, 0, bound=False) == "none"


def test_steps():
    assert wording.steps(52.0, 1000) == "52"
    assert wording.steps(math.inf, 20_000) == "> 20,000"
    assert wording.steps(math.nan, 20_000) == "none"
