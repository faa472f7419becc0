"""Plain-Python twins of the kernels: slow, simple, written from the formulas, sharing no code with them."""

from __future__ import annotations

import math
from collections.abc import Sequence


def sigmoid(z: float) -> float:
    """1 / (1 + exp(-z)), in the form that does not overflow."""
    if z >= 0.0:
        return 1.0 / (1.0 + math.exp(-z))
    return math.exp(z) / (1.0 + math.exp(z))


def softplus(z: float) -> float:
    """log(1 + exp(z))."""
    return max(z, 0.0) + math.log1p(math.exp(-abs(z)))


def loss_value(loss: str, z: float, y: int) -> float:
    """Loss of one sample."""
    margin = z if y == 1 else -z
    wrong = sigmoid(-margin)
    return {"bce": softplus(-margin), "mse": 0.5 * wrong**2, "squared": wrong**2}[loss]


def loss_slope(loss: str, z: float, y: int) -> float:
    """Derivative of the loss of one sample in its logit."""
    difference = -sigmoid(-z) if y == 1 else sigmoid(z)
    times_slope = difference * sigmoid(z) * sigmoid(-z)
    return {"bce": difference, "mse": times_slope, "squared": 2.0 * times_slope}[loss]


def logit(x: Sequence[float], theta: Sequence[float]) -> float:
    """theta . x"""
    return math.fsum(a * b for a, b in zip(x, theta, strict=True))


def risk(features, labels, theta, loss: str) -> float:
    """Mean loss."""
    return math.fsum(
        loss_value(loss, logit(x, theta), int(y)) for x, y in zip(features, labels, strict=True)
    ) / len(labels)


def gradient(features, labels, theta, loss: str) -> list[float]:
    """Mean gradient."""
    slopes = [loss_slope(loss, logit(x, theta), int(y)) for x, y in zip(features, labels, strict=True)]
    return [
        math.fsum(g * x[j] for g, x in zip(slopes, features, strict=True)) / len(labels)
        for j in range(len(theta))
    ]


def scores(features, labels, theta) -> dict[str, float]:
    """Accuracy, Brier score and log loss; a logit of exactly 0 counts as wrong."""
    margins = [(2 * int(y) - 1) * logit(x, theta) for x, y in zip(features, labels, strict=True)]
    n = len(margins)
    return {
        "accuracy": sum(m > 0.0 for m in margins) / n,
        "brier": math.fsum(sigmoid(-m) ** 2 for m in margins) / n,
        "logloss": math.fsum(softplus(-m) for m in margins) / n,
    }


def descend(
    features,
    labels,
    start,
    loss: str,
    rate: float,
    max_steps: int,
    targets: dict[str, float],
    hold: int = 1,
) -> dict:
    """One run of gradient descent: final parameters, steps taken, and arrivals for `hold` steps in a row."""
    theta = [float(t) for t in start]
    arrival: dict[str, int] = {}
    stretch = dict.fromkeys(targets, 0)
    step = 0
    while True:
        if targets:
            now = scores(features, labels, theta)
            for name, threshold in targets.items():
                met = now[name] >= threshold if name == "accuracy" else now[name] <= threshold
                stretch[name] = stretch[name] + 1 if met else 0
                if stretch[name] == hold and name not in arrival:
                    arrival[name] = step - hold + 1
            if len(arrival) == len(targets):
                break
        if step == max_steps:
            break
        slope = gradient(features, labels, theta, loss)
        theta = [t - rate * g for t, g in zip(theta, slope, strict=True)]
        step += 1
    return {
        "theta": theta,
        "steps_run": step,
        "arrival": {name: arrival.get(name, -1) for name in targets},
    }
