"""Print digests of everything public that `kernels` computes, and how often Numba compiled.

Run in a process of its own, with the compiler, its processor or its cache set by the environment.
"""

from __future__ import annotations

import hashlib
import itertools
import sys

import numpy as np
from numba.core import event

import kernels
from kernels import brier, dense, laws

STARTS = 3.0 * np.random.default_rng(0).normal(size=(11, 2))
LABELS = np.arange(7) % 2
FEATURES = np.column_stack([np.linspace(-1.0, 1.5, 7) + LABELS, np.ones(7)])
RATES = np.geomspace(0.1, 10.0, 11)
RATES[4] = 1e300  # diverges under a loss that lets it
TARGETS = {"accuracy": 0.8, "brier": 0.15, "logloss": 0.5}


def parts():
    """Names and numbers."""
    for loss in kernels.LOSSES:
        common = {"loss": loss, "learning_rate": RATES, "max_steps": 6, "threads": 2}
        for targets in (None, TARGETS):
            for trace in (None, [0, 2, 6]):
                name = f"descend {loss} {targets is not None} {trace is not None}"
                found = kernels.descend(
                    FEATURES, LABELS, STARTS, targets=targets, trace_steps=trace, **common
                )
                yield (
                    name,
                    found.theta,
                    found.steps_run,
                    *found.arrival.values(),
                    *(found.trace or {}).values(),
                )
        yield f"risk {loss}", kernels.risk(FEATURES, LABELS, STARTS, loss=loss)
        yield f"gradient {loss}", kernels.gradient(FEATURES, LABELS, STARTS, loss=loss)
        flow = kernels.gradient_flow(
            FEATURES, LABELS, STARTS[:2], loss=loss, targets=TARGETS, max_evaluations=40
        )
        yield f"flow {loss}", flow.theta, flow.time, flow.evaluations, *flow.first_passage.values()
        yield (
            f"population {loss}",
            [
                laws.population_gradient(0.3, 1.1, loss=loss),
                laws.population_spread(-0.7, 1.1, loss=loss),
                laws.population_optimum(1.1, loss=loss),
                laws.population_time(0.0, 0.1, 1.1, loss=loss),
                laws.population_deviation(0.0, 0.1, 1.1, loss=loss),
            ],
        )
        yield (
            f"stall {loss}",
            [laws.stall_logit(loss=loss, learning_rate=1.0, dtype=kind) for kind in ("f4", "f8")],
        )
        few = kernels.descend(FEATURES, LABELS, STARTS, targets=TARGETS, lanes="samples", **common)
        yield f"samples {loss}", few.theta, few.steps_run, *few.arrival.values()
    for loss in laws.CLOSED_FORMS:
        yield f"margin {loss}", laws.margin_time([-3.0, -1.0], [1.0, 40.0], loss=loss)
    for optimiser in kernels.OPTIMISERS:
        for size, every in ((None, None), (3, 2)) if optimiser in {"gd", "adam"} else ((None, None),):
            found = kernels.descend(
                FEATURES,
                LABELS,
                STARTS,
                loss="mse",
                learning_rate=RATES,
                max_steps=4,
                targets=TARGETS,
                trace_steps=[0, 3],
                optimiser=optimiser,
                batch_size=size,
                check_every=every,
                threads=2,
            )
            name = f"descend {optimiser} {size} {every}"
            yield name, found.theta, found.steps_run, *found.arrival.values(), *found.trace.values()
    for model in ("tanh(2)", "relu(3)", "sigmoid(2)"):
        starts = 1.5 * np.random.default_rng(1).normal(size=(3, kernels.parameters(model, 2)))
        found = kernels.descend(
            FEATURES, LABELS, starts, loss="mse", learning_rate=0.5, max_steps=2, targets=TARGETS, model=model
        )
        yield f"descend {model}", found.theta, *found.arrival.values()
        for function in (kernels.risk, kernels.gradient):
            yield f"{function.__name__} {model}", function(FEATURES, LABELS, starts, loss="mse", model=model)
    yield "batches", *kernels.batches(23, 5, 2**63 - 1, 3)
    yield "scores", laws.population_scores(0.3, 1.1)
    x = np.concatenate(
        [np.linspace(-760.0, 760.0, 40), [0.0, -0.0, 5e-324, -1e-300, 37.0, np.inf, -np.inf, np.nan]]
    )
    for name in ("exp", "expit", "expit_slope", "log1p", "softplus", "tanh"):
        yield name, getattr(kernels, name)(x)


def solved():
    """Names and numbers of what facts of data sets are found with."""
    for name, d in (("dense", 70), ("narrow", 3)):  # more columns than a block has, and fewer than a vector
        rows = np.random.default_rng(1).normal(size=(5, d)) + np.eye(5, d)
        products, lower, kept = np.empty((d, d)), np.empty((d, d)), np.zeros(d, dtype=bool)
        dense.gram(rows, np.linspace(0.5, 1.0, 5), products)
        dense.cholesky(products + np.eye(d), 1e-12, lower, kept)
        dense.divide_rows(lower, rows)
        sums, out = np.zeros(d), np.empty(5)
        dense.dot_rows(rows, lower[:, 0], out)
        dense.add_scaled_rows(rows, out, sums)
        x, y = rows.T.copy(), rows.T.copy()
        dense.solve_lower(lower, x)
        dense.solve_upper(lower, y)
        yield name, products, lower, kept, rows, out, sums, x, y
    signed = (2.0 * LABELS - 1.0)[:, None] * FEATURES
    place = np.array([0.5, -0.2])
    brier.descend_to_minimum(signed, place)
    direction = np.array([0.6, 0.8])
    yield "brier", place, brier.search_lines(signed, direction, STARTS), direction


def main() -> None:
    """Print the digest of each part with its name, then the number of compilations."""
    with event.install_recorder("numba:compile") as recorder:
        for name, *numbers in itertools.chain(parts(), solved()):
            digest = hashlib.sha256()
            for number in numbers:
                array = np.ascontiguousarray(number)
                # The sign of a nan is not specified.
                digest.update(np.where(np.isnan(array), np.nan, array).tobytes())
            sys.stdout.write(f"{name}: {digest.hexdigest()[:16]}\n")
    sys.stdout.write(f"compilations: {sum(1 for _, found in recorder.buffer if found.is_start)}\n")


if __name__ == "__main__":
    main()
