"""Mini-batches: the order of samples, the steps that follow it, and targets that are checked now and then."""

from __future__ import annotations

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import kernels
from kernels import epochs

N = 41
TARGETS = {"accuracy": 0.8, "brier": 0.16, "logloss": 0.5}


def problem(n: int = N, d: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng([n, d])
    labels = (np.arange(n) % 3 == 0).astype(int)
    features = rng.normal(size=(n, d)) + np.outer(2.0 * labels - 1.0, np.eye(d)[0])
    features[:, -1] = 1.0
    return features, labels


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 300), st.integers(1, 400), st.integers(0, 2**63 - 1), st.integers(0, 2**40))
def test_an_epoch_has_every_sample_once(n: int, size: int, seed: int, epoch: int) -> None:
    found = kernels.batches(n, size, seed, epoch)
    assert sorted(np.concatenate(found)) == list(range(n))
    assert [len(batch) for batch in found[:-1]] == [size] * (len(found) - 1)
    assert 1 <= len(found[-1]) <= size


def test_the_words_of_a_shuffle_are_those_of_splitmix64() -> None:
    """The first outputs for the seed 1234567, as other implementations of the generator give them."""
    golden, state = 0x9E3779B97F4A7C15, 1234567
    expected = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431]
    for word in expected:
        state = (state + golden) % 2**64
        with np.errstate(over="ignore"):
            assert int(epochs._mixed.py_func(np.uint64(state))) == word


def splitmix64(state: int) -> int:
    state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    state = (state ^ state >> 27) * 0x94D049BB133111EB % 2**64
    return state ^ state >> 31


@pytest.mark.parametrize(("seed", "epoch"), [(0, 0), (1, 0), (0, 1), (2**63 - 1, 2**53)])
def test_a_shuffle_is_that_of_fisher_and_yates(seed: int, epoch: int) -> None:
    golden, order = 0x9E3779B97F4A7C15, list(range(N))
    state = splitmix64((splitmix64((seed + golden) % 2**64) + (epoch + 1) * golden) % 2**64)
    for i in range(N - 1, 0, -1):
        state = (state + golden) % 2**64
        j = (splitmix64(state) >> 32) * (i + 1) >> 32
        order[i], order[j] = order[j], order[i]
    assert list(np.concatenate(kernels.batches(N, 7, seed, epoch))) == order


def test_every_order_is_as_likely() -> None:
    counts = np.zeros((7, 7))
    for epoch in range(7000):
        for place, sample in enumerate(np.concatenate(kernels.batches(7, 3, 11, epoch))):
            counts[place, sample] += 1
    assert stats.chi2.sf(((counts - 1000.0) ** 2 / 1000.0).sum(), 36) > 1e-4


def test_seeds_and_epochs_have_orders_of_their_own() -> None:
    orders = {
        tuple(np.concatenate(kernels.batches(N, 8, seed, epoch))) for seed in range(30) for epoch in range(30)
    }
    assert len(orders) == 900


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 1, 0, 0), "n: got 0; allowed is a whole number from 1 to"),
        ((3, 0, 0, 0), "batch_size: got 0; allowed is a whole number from 1 to"),
        ((3, 1, -1, 0), "batch_seed: got -1; allowed is a whole number from 0 to"),
        ((3, 1, 0, -1), "epoch: got -1; allowed is a whole number from 0 to"),
        ((3, 1.0, 0, 0), "batch_size: got 1.0; allowed is a whole number from 1 to"),
    ],
)
def test_what_is_not_allowed_is_named(arguments: tuple, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kernels.batches(*arguments)


def steps_of(n: int, size: int, seed: int, steps: int) -> list[np.ndarray]:
    found: list[np.ndarray] = []
    while len(found) < steps:
        found += kernels.batches(n, size, seed, len(found) // -(-n // size))
    return found[:steps]


def twin(start, rate: float, loss: str, targets: dict, **plan) -> dict:
    """Descent in mini-batches in plain Python: arrivals, steps and parameters."""
    features, labels = problem()
    every, hold, budget = plan["check_every"], plan["hold"], plan["max_steps"]
    theta, arrival, stretch, step = list(start), {}, dict.fromkeys(targets, 0), 0
    batches = steps_of(N, plan["batch_size"], plan["batch_seed"], budget)
    while True:
        if step % every == 0:
            scores = naive.scores(features, labels, theta)
            for name, threshold in targets.items():
                met = scores[name] >= threshold if name == "accuracy" else scores[name] <= threshold
                stretch[name] = stretch[name] + 1 if met else 0
                if stretch[name] == hold and name not in arrival:
                    arrival[name] = step - (hold - 1) * every
            if len(arrival) == len(targets):
                break
        if step == budget:
            break
        batch = batches[step]
        slope = naive.gradient(features[batch], labels[batch], theta, loss)
        theta = [t - rate * g for t, g in zip(theta, slope, strict=True)]
        step += 1
    return {"theta": theta, "steps_run": step, "arrival": {name: arrival.get(name, -1) for name in targets}}


@pytest.mark.parametrize("loss", kernels.LOSSES)
@pytest.mark.parametrize("size", [1, 4, 7, 32, 41, 50])
@pytest.mark.parametrize(("every", "hold"), [(None, 1), (1, 3), (5, 2)])
def test_runs_match_the_plain_twin(loss: str, size: int, every: int | None, hold: int) -> None:
    features, labels = problem()
    starts = 2.0 * np.random.default_rng(1).normal(size=(23, 3))
    rates = np.geomspace(0.1, 3.0, 23)
    plan = {"batch_size": size, "batch_seed": 9, "hold": hold, "max_steps": 60}
    found = kernels.descend(
        features, labels, starts, loss=loss, learning_rate=rates, targets=TARGETS, check_every=every, **plan
    )
    assert found.check_every == (every or -(-N // size))
    for run in range(0, 23, 2):
        expected = twin(starts[run], rates[run], loss, TARGETS, check_every=found.check_every, **plan)
        assert {name: steps[run] for name, steps in found.arrival.items()} == expected["arrival"]
        assert found.steps_run[run] == expected["steps_run"]
        np.testing.assert_allclose(found.theta[run], expected["theta"], rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("every", [2, 7, 100])
def test_to_check_less_often_changes_no_step(every: int) -> None:
    features, labels = problem()
    starts = 2.0 * np.random.default_rng(1).normal(size=(40, 3))
    common = {"loss": "mse", "learning_rate": 0.8, "max_steps": 90, "trace_steps": [0, 1, 50, 90]}
    plain = kernels.descend(features, labels, starts, **common)
    rarely = kernels.descend(features, labels, starts, check_every=every, **common)
    np.testing.assert_array_equal(rarely.theta, plain.theta)
    for name, values in plain.trace.items():
        np.testing.assert_array_equal(rarely.trace[name], values)
    often = kernels.descend(features, labels, starts, targets={"brier": 0.16}, **common)
    some = kernels.descend(features, labels, starts, targets={"brier": 0.16}, check_every=every, **common)
    met = often.arrival["brier"] >= 0
    # The Brier score falls all the way: it holds from its first passage on.
    np.testing.assert_array_equal(
        some.arrival["brier"][met & (some.arrival["brier"] >= 0)],
        -(-often.arrival["brier"][met & (some.arrival["brier"] >= 0)] // every) * every,
    )


@pytest.mark.parametrize("size", [None, 8])
def test_many_runs_of_different_lengths_share_vectors(size: int | None) -> None:
    """More runs than one stack holds, some of which diverge: none is lost, none is counted twice."""
    features, labels = problem()
    rng = np.random.default_rng(4)
    runs = epochs_worth() + 33
    starts, rates = 3.0 * rng.normal(size=(runs, 3)), 10.0 ** rng.uniform(-1, 2, runs)
    rates[::50] = 1e300
    features = features * np.array([1e10, 1.0, 1.0])
    common = {"loss": "bce", "max_steps": 30, "targets": {"accuracy": 0.9}, "check_every": 3}
    found = kernels.descend(
        features, labels, starts, learning_rate=rates, batch_size=size, threads=2, **common
    )
    assert (found.steps_run[~found.diverged] > 0).any()
    some = rng.integers(runs, size=20)
    again = kernels.descend(
        features, labels, starts[some], learning_rate=rates[some], batch_size=size, **common
    )
    np.testing.assert_array_equal(found.theta[some], again.theta)
    np.testing.assert_array_equal(found.steps_run[some], again.steps_run)
    np.testing.assert_array_equal(found.arrival["accuracy"][some], again.arrival["accuracy"])


def epochs_worth() -> int:
    """Runs that fill the stacks of two workers."""
    from kernels.mini_batch import STACK
    from kernels.vectors import WIDTH

    return 2 * STACK * WIDTH
