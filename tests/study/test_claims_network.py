"""The network of R6: its gradient against difference quotients, its descents against a plain twin."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from study.claims import network

pytestmark = pytest.mark.integration

LOSSES = ("mse", "bce")
LABELS = np.array([0, 1, 1, 0])


def logit(confidence):
    return np.log(confidence / (1 - confidence))


def one(logits):
    """A network as plain matrices: (units, 3) and (units + 1,)."""
    weights = network.saturated(np.array([logits]))
    return weights.hidden[:, :, 0].T.copy(), weights.output[:, 0].copy()


def predictions(hidden, output):
    layers = np.column_stack([np.tanh(network.CORNERS @ hidden.T), np.ones(4)])
    return layers, 1 / (1 + np.exp(-(layers @ output)))


def test_the_corners_are_those_of_the_exclusive_or():
    assert [int(a != b) for a, b, _ in network.CORNERS] == LABELS.tolist()
    assert (network.CORNERS[:, 2] == 1).all()


@pytest.mark.parametrize("confidence", network.CONFIDENCES)
def test_every_corner_is_given_its_wrong_class(confidence):
    _, p = predictions(*one(logit(confidence)))
    assert np.where(LABELS == 1, 1 - p, p) == pytest.approx(confidence, rel=1e-9)


def test_the_output_weights_are_the_shortest():
    hidden, output = one(3.0)
    layers, _ = predictions(hidden, output)
    expected = np.linalg.lstsq(layers, -3.0 * (2 * LABELS - 1), rcond=None)[0]
    assert output == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("at", [0.5, 9.0, 40.0])
def test_gradients_are_difference_quotients(loss, at):
    weights = network.saturated(np.array([1.0, at]))
    slopes = network.gradients(weights, loss)
    with mpmath.workdps(60):
        parts = [[[mpmath.mpf(float(v)) for v in row[:, 1]] for row in weights.hidden]]
        hidden, output = parts[0], [mpmath.mpf(float(v)) for v in weights.output[:, 1]]

        def value():
            total = mpmath.mpf(0)
            for corner, y in zip(network.CORNERS, LABELS, strict=True):
                units = [
                    mpmath.tanh(sum(float(corner[i]) * hidden[i][k] for i in range(3)))
                    for k in range(network.UNITS)
                ]
                z = sum(v * u for v, u in zip(output, [*units, 1], strict=True))
                p = 1 / (1 + mpmath.exp(-z))
                total += (p - int(y)) ** 2 / 2 if loss == "mse" else -mpmath.log(p if y else 1 - p)
            return total / 4

        def quotient(row, k):
            step, kept = mpmath.mpf(10) ** -20, row[k]
            row[k] = kept + step
            high = value()
            row[k] = kept - step
            low = value()
            row[k] = kept
            return float((high - low) / (2 * step))

        first = [[quotient(row, k) for k in range(network.UNITS)] for row in hidden]
        second = [quotient(output, k) for k in range(network.UNITS + 1)]
    assert slopes.hidden[:, :, 1] == pytest.approx(np.array(first), rel=1e-9, abs=1e-13 * np.abs(first).max())
    assert slopes.output[:, 1] == pytest.approx(np.array(second), rel=1e-9, abs=1e-13 * np.abs(second).max())


def twin(loss, confidence, budget):
    """The same descent of one network, as one would write it down."""
    hidden, output = one(logit(confidence))
    held = 0
    for step in range(budget + network.HOLD):
        layers, p = predictions(hidden, output)
        held = held + 1 if np.mean((p - LABELS) ** 2) <= network.TARGET else 0
        if held == network.HOLD:
            return step - network.HOLD + 1
        delta = (p - LABELS) * (p * (1 - p) if loss == "mse" else 1) / 4
        back = np.outer(delta, output[:-1]) * (1 - layers[:, :-1] ** 2)
        output = output - network.RATE * layers.T @ delta
        hidden = hidden - network.RATE * back.T @ network.CORNERS
    return -1


@pytest.mark.parametrize("loss", LOSSES)
def test_steps_are_those_of_a_plain_descent(loss, monkeypatch):
    monkeypatch.setattr(network, "BUDGET", 8_000)
    found = network.arrivals(loss)
    assert found == [twin(loss, confidence, 8_000) for confidence in network.CONFIDENCES]
    assert (found[-1] == -1) == (loss == "mse")  # a budget that ends first is said


def test_a_target_that_is_left_again_is_not_reached(monkeypatch):
    monkeypatch.setattr(network, "RATE", 16.0)  # so large that a descent jumps in and out
    monkeypatch.setattr(network, "BUDGET", 100)
    held = network.arrivals("bce")
    assert held == [twin("bce", confidence, 100) for confidence in network.CONFIDENCES]
    monkeypatch.setattr(network, "HOLD", 1)
    assert network.arrivals("bce") != held


def test_the_network_arrives_with_both_losses_and_later_with_mse():
    steps = network.findings().steps
    assert set(steps) == {(loss, c) for loss in LOSSES for c in network.CONFIDENCES}
    for confidence in network.CONFIDENCES:
        assert steps["mse", confidence] > steps["bce", confidence] > 0
    slow = [steps["mse", confidence] for confidence in network.CONFIDENCES]
    assert slow == sorted(slow)


@pytest.mark.parametrize(("at", "still"), [("still", True), ("before", False)])
def test_float32_holds_the_network_from_that_logit_on(at, still):
    edge = network.findings().still["mse"]
    assert edge < network.FARTHEST
    start = network.saturated(np.array([edge if at == "still" else edge - 1]))
    kept = [part.astype(np.float32) for part in start]
    moving = kept
    for _ in range(50):
        slopes = network.gradients(network.Weights(*(p.astype(np.float64) for p in moving)), "mse")
        moving = [
            p - np.float32(network.RATE) * s.astype(np.float32) for p, s in zip(moving, slopes, strict=True)
        ]
    assert all(p.dtype == np.float32 for p in moving)
    assert all(np.array_equal(a, b) for a, b in zip(kept, moving, strict=True)) == still
    assert network.findings().still["bce"] == np.inf
