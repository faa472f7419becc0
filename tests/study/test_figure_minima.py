from __future__ import annotations

import numpy as np
import pytest
from study import figures
from study.figures import style
from study.theory import minima


@pytest.fixture(scope="module")
def frames():
    return {"minima": minima.table()}


def test_the_dots_lie_in_the_valleys(frames):
    with style.styled():
        drawn = figures.FIGURES["minima"].draw(frames)
    for axes, count in zip(drawn.axes, (2, 1), strict=True):
        curve, dots = (line.get_xydata() for line in axes.lines)
        assert len(dots) == count
        for weight, value in dots:
            assert value == pytest.approx(np.interp(weight, *curve.T), rel=2e-3)
            near = curve[np.abs(curve[:, 0] - weight) < 0.1, 1]
            assert value <= near.min() + 1e-12
    drawn.savefig("/dev/null", format="svg")


def test_the_words_name_every_minimum(frames):
    text = figures.FIGURES["minima"].describe(frames)
    assert "MSE has 2 local minima" in text
    assert "BCE has 1 local minimum" in text
    rows = frames["minima"].query("dataset == 'two_scales' and loss == 'mse'")
    for weight in rows["theta_0"]:
        assert f"{abs(weight):.3g}" in text
