"""Descent against its plain-Python twin, its bookkeeping, and what it refuses."""

from __future__ import annotations

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kernels
from kernels.vectors import WIDTH


def problem(n: int, d: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng([n, d, seed])
    labels = np.arange(n) % 2
    features = rng.normal(size=(n, d)) + np.outer(2.0 * labels - 1.0, np.eye(d)[0])
    features[:, -1] = 1.0
    return features, labels


TARGETS = {"accuracy": 0.8, "brier": 0.14, "logloss": 0.45}


@pytest.mark.parametrize("loss", kernels.LOSSES)
@pytest.mark.parametrize(("n", "d"), [(1, 1), (2, 3), (5, 1), (13, 2), (40, 5)])
def test_runs_match_the_plain_twin(loss: str, n: int, d: int) -> None:
    features, labels = problem(n, d)
    starts = 2.0 * np.random.default_rng(1).normal(size=(21, d))
    targets = TARGETS if n > 1 else {"brier": 0.14, "logloss": 0.45}
    rates = np.linspace(0.1, 3.0, 21)
    result = kernels.descend(
        features, labels, starts, loss=loss, learning_rate=rates, max_steps=60, targets=targets
    )
    for run in range(21):
        twin = naive.descend(features, labels, starts[run], loss, rates[run], 60, targets)
        assert result.steps_run[run] == twin["steps_run"]
        assert {name: steps[run] for name, steps in result.arrival.items()} == twin["arrival"]
        np.testing.assert_allclose(result.theta[run], twin["theta"], rtol=1e-11, atol=1e-14)
        for name, status in result.status.items():
            assert status[run] == ("reached" if twin["arrival"][name] >= 0 else "censored")


@pytest.mark.parametrize("loss", kernels.LOSSES)
@pytest.mark.parametrize(("n", "d"), [(1, 1), (13, 2), (40, 5), (300, 3)])
def test_runs_match_the_plain_twin_with_samples_in_the_lanes(loss: str, n: int, d: int) -> None:
    features, labels = problem(n, d)
    starts = 2.0 * np.random.default_rng(1).normal(size=(7, d))
    targets = TARGETS if n > 1 else {"brier": 0.14, "logloss": 0.45}
    common = {"loss": loss, "max_steps": 60, "targets": targets, "lanes": "samples"}
    rates = np.linspace(0.1, 3.0, 7)
    result = kernels.descend(features, labels, starts, learning_rate=rates, trace_steps=[0, 7], **common)
    for run in range(7):
        twin = naive.descend(features, labels, starts[run], loss, rates[run], 60, targets)
        assert result.steps_run[run] == twin["steps_run"]
        assert {name: steps[run] for name, steps in result.arrival.items()} == twin["arrival"]
        np.testing.assert_allclose(result.theta[run], twin["theta"], rtol=1e-11, atol=1e-14)
        alone = kernels.descend(features, labels, starts[[run]], learning_rate=rates[run], **common)
        np.testing.assert_array_equal(alone.theta[0], result.theta[run])
        assert {name: steps[0] for name, steps in alone.arrival.items()} == twin["arrival"]


def test_few_runs_on_many_samples_have_samples_in_the_lanes() -> None:
    features, labels = problem(30_000, 7)
    starts = np.random.default_rng(1).normal(size=(13, 7))
    common = {"loss": "mse", "learning_rate": 1.0, "max_steps": 3}

    def bits(runs: int, lanes: str | None) -> bytes:
        return kernels.descend(features, labels, starts[:runs], lanes=lanes, **common).theta.tobytes()

    assert bits(3, None) == bits(3, "samples") != bits(3, "runs")
    assert bits(13, None) == bits(13, "runs") != bits(13, "samples")
    few = kernels.descend(features[:40], labels[:40], starts[:1], **common)
    same = kernels.descend(features[:40], labels[:40], starts[:1], lanes="runs", **common)
    assert few.theta.tobytes() == same.theta.tobytes()


def test_samples_are_in_the_lanes_only_where_a_step_takes_all() -> None:
    features, labels = problem(20, 2)
    common = {"loss": "mse", "learning_rate": 1.0, "max_steps": 3}
    for more in ({"batch_size": 4}, {"check_every": 2}):
        with pytest.raises(ValueError, match="lanes: 'samples'; allowed here: None, runs"):
            kernels.descend(features, labels, np.zeros((1, 2)), lanes="samples", **more, **common)
    with pytest.raises(ValueError, match="lanes: 'both'; allowed here: None, runs, samples"):
        kernels.descend(features, labels, np.zeros((1, 2)), lanes="both", **common)


@pytest.mark.parametrize("loss", kernels.LOSSES)
@pytest.mark.parametrize("hold", [1, 2, 3, 10])
def test_a_target_is_met_by_holding(loss: str, hold: int) -> None:
    features, labels = problem(40, 3)
    starts = 4.0 * np.random.default_rng(2).normal(size=(37, 3))
    rates = np.geomspace(1.0, 300.0, 37)  # so large that scores go up and down
    found = kernels.descend(
        features, labels, starts, loss=loss, learning_rate=rates, max_steps=40, targets=TARGETS, hold=hold
    )
    assert found.hold == hold
    for run in range(37):
        twin = naive.descend(features, labels, starts[run], loss, rates[run], 40, TARGETS, hold)
        assert {name: steps[run] for name, steps in found.arrival.items()} == twin["arrival"]
        assert found.steps_run[run] == twin["steps_run"]


def test_first_passage_is_the_name_of_an_arrival_with_hold_1() -> None:
    features, labels = problem(20, 2)
    common = {"loss": "bce", "learning_rate": 1.0, "max_steps": 20, "targets": TARGETS}
    assert (found := kernels.descend(features, labels, [[0.0, 0.0]], **common)).first_passage is found.arrival
    held = kernels.descend(features, labels, [[0.0, 0.0]], **common, hold=2)
    with pytest.raises(
        AttributeError, match="first_passage: with hold=2 and check_every=1 there is `arrival` alone"
    ):
        held.first_passage  # noqa: B018


@pytest.mark.parametrize("hold", [2, 7])
def test_all_steps_that_hold_lie_within_the_budget(hold: int) -> None:
    features, labels = problem(20, 2)
    common = {"loss": "bce", "learning_rate": 1.0, "targets": {"brier": 0.99}, "hold": hold}
    short = kernels.descend(features, labels, [[0.0, 0.0]], max_steps=hold - 2, **common)
    assert (short.status["brier"][0], short.steps_run[0]) == ("censored", hold - 2)
    enough = kernels.descend(features, labels, [[0.0, 0.0]], max_steps=hold - 1, **common)
    assert (enough.arrival["brier"][0], enough.steps_run[0]) == (0, hold - 1)


def test_one_step_is_start_minus_rate_times_gradient() -> None:
    features, labels = problem(30, 3)
    starts = np.random.default_rng(1).normal(size=(40, 3))
    for loss in kernels.LOSSES:
        result = kernels.descend(features, labels, starts, loss=loss, learning_rate=0.7, max_steps=1)
        expected = starts - 0.7 * kernels.gradient(features, labels, starts, loss=loss)
        np.testing.assert_allclose(result.theta, expected, rtol=4e-16, atol=1e-16)


def test_the_path_does_not_depend_on_what_is_watched() -> None:
    features, labels = problem(30, 3)
    starts = np.random.default_rng(1).normal(size=(40, 3))
    common = {"loss": "mse", "learning_rate": 0.7, "max_steps": 50}
    plain = kernels.descend(features, labels, starts, **common)
    watched = kernels.descend(
        features, labels, starts, **common, targets={"logloss": 1e-9}, trace_steps=[0, 3, 50]
    )
    np.testing.assert_array_equal(plain.theta, watched.theta)
    assert plain.status == {}
    assert plain.trace is None


def test_a_target_that_holds_at_the_start_is_met_at_step_0() -> None:
    features, labels = problem(20, 2)
    result = kernels.descend(
        features, labels, [[1.0, 0.0]], loss="bce", learning_rate=1.0, max_steps=0, targets={"brier": 0.99}
    )
    assert result.arrival["brier"][0] == 0
    assert result.steps_run[0] == 0
    np.testing.assert_array_equal(result.theta, [[1.0, 0.0]])


def test_a_logit_of_0_counts_as_wrong() -> None:
    features, labels = problem(20, 2)
    result = kernels.descend(
        features,
        labels,
        [[0.0, 0.0]],
        loss="bce",
        learning_rate=1e-9,
        max_steps=0,
        targets={"accuracy": 0.05},
    )
    assert result.status["accuracy"][0] == "censored"


def test_thresholds_may_differ_between_runs() -> None:
    features, labels = problem(20, 2)
    thresholds = np.array([0.3, 0.24, 0.2, 0.0])
    result = kernels.descend(
        features,
        labels,
        np.zeros((4, 2)),
        loss="bce",
        learning_rate=0.1,
        max_steps=5000,
        targets={"brier": thresholds},
    )
    steps = result.arrival["brier"]
    assert steps[0] == 0
    assert 0 < steps[1] < steps[2]
    assert steps[3] == -1
    assert result.steps_run[3] == 5000


def test_trace_matches_the_plain_scores_and_ends_with_the_run() -> None:
    features, labels = problem(30, 3)
    starts = np.random.default_rng(4).normal(size=(35, 3))
    steps = [0, 1, 5, 20, 64]
    free = kernels.descend(
        features, labels, starts, loss="mse", learning_rate=1.0, max_steps=64, trace_steps=steps
    )
    np.testing.assert_array_equal(free.trace["steps"], steps)
    for k, step in enumerate(steps):
        thetas = kernels.descend(
            features, labels, starts, loss="mse", learning_rate=1.0, max_steps=step
        ).theta
        for run in range(35):
            for name, value in naive.scores(features, labels, thetas[run]).items():
                assert free.trace[name][run, k] == pytest.approx(value, rel=1e-12)
    bound = kernels.descend(
        features,
        labels,
        starts,
        loss="mse",
        learning_rate=1.0,
        max_steps=64,
        targets={"brier": 0.2},
        trace_steps=steps,
    )
    ended = np.asarray(steps)[None, :] > bound.steps_run[:, None]
    assert 0 < ended.sum() < ended.size
    for name in ("accuracy", "brier", "logloss"):
        np.testing.assert_array_equal(np.isnan(bound.trace[name]), ended)
        np.testing.assert_array_equal(bound.trace[name][~ended], free.trace[name][~ended])


@pytest.mark.parametrize("n", [3, 255, 256, 257, 1024, 2051])
def test_the_running_product_gives_the_log_loss_for_any_number_of_samples(n: int) -> None:
    features, labels = problem(n, 2)
    theta = np.array([[0.4, 0.1]])
    exact = naive.scores(features, labels, theta[0])
    for name, above in (("brier", 1e-12), ("logloss", 1e-12)):
        for factor, met in ((1 + above, True), (1 - above, False)):
            result = kernels.descend(
                features,
                labels,
                theta,
                loss="bce",
                learning_rate=1.0,
                max_steps=0,
                targets={name: exact[name] * factor},
            )
            assert bool(result.arrival[name][0] == 0) is met


def test_no_runs_give_empty_results() -> None:
    features, labels = problem(5, 2)
    result = kernels.descend(
        features,
        labels,
        np.empty((0, 2)),
        loss="mse",
        learning_rate=1.0,
        max_steps=5,
        targets=TARGETS,
        trace_steps=[1],
    )
    assert result.theta.shape == (0, 2)
    assert result.trace["brier"].shape == (0, 1)


@settings(max_examples=30, deadline=None)
@given(
    runs=st.integers(1, 40),
    n=st.integers(2, 12),
    d=st.integers(1, 4),
    threads=st.integers(1, 3),
    seed=st.integers(0, 2**32),
    steps=st.integers(0, 30),
)
def test_other_runs_order_and_threads_change_no_bit(
    runs: int, n: int, d: int, threads: int, seed: int, steps: int
) -> None:
    rng = np.random.default_rng(seed)
    features, labels = problem(n, d, seed)
    starts, rates = 5 * rng.normal(size=(runs, d)), rng.uniform(0.01, 5, runs)
    common = {
        "loss": "mse",
        "max_steps": steps,
        "targets": {"accuracy": 0.9, "brier": 0.1},
        "trace_steps": [steps // 2],
    }
    whole = kernels.descend(features, labels, starts, learning_rate=rates, threads=1, **common)
    order = rng.permutation(runs)
    shuffled = kernels.descend(
        features, labels, starts[order], learning_rate=rates[order], threads=threads, **common
    )
    alone = kernels.descend(features, labels, starts[:1], learning_rate=rates[0], threads=threads, **common)
    for part, rows in ((shuffled, order), (alone, [0])):
        np.testing.assert_array_equal(part.theta, whole.theta[rows])
        np.testing.assert_array_equal(part.steps_run, whole.steps_run[rows])
        for name in common["targets"]:
            np.testing.assert_array_equal(part.arrival[name], whole.arrival[name][rows])
            np.testing.assert_array_equal(part.trace[name], whole.trace[name][rows])


@pytest.mark.parametrize("loss", kernels.LOSSES)
def test_a_lane_without_a_run_changes_nothing_however_large_the_features(loss: str) -> None:
    """At parameters of 0, which empty lanes hold, the gradient overflows; at these starts it does not."""
    features, starts = [[1e308]] * 8, [[1.0], [2.0], [3.0]]
    common = {"loss": loss, "learning_rate": 1e-300, "max_steps": 5}
    for targets in (None, {"brier": -1.0}):
        found = kernels.descend(features, [1] * 8, starts, targets=targets, **common)
        assert list(found.steps_run) == [5, 5, 5]
        for run, start in enumerate(starts):
            crowd = kernels.descend(features, [1] * 8, [start] * WIDTH, targets=targets, **common)
            np.testing.assert_array_equal(crowd.theta[:, 0], found.theta[run, 0])


GOOD = {
    "features": np.eye(3),
    "labels": [0, 1, 1],
    "starts": np.zeros((2, 3)),
    "loss": "mse",
    "learning_rate": 1.0,
    "max_steps": 3,
}
BAD = [
    ({"features": np.zeros(3)}, r"features: got shape \(3,\); allowed is .*\(n, d\)"),
    ({"features": np.empty((0, 3)), "labels": []}, r"features: got shape \(0, 3\)"),
    ({"features": [[1.0, np.nan, 0.0]] * 3}, r"features: got nan at \[0, 1\]"),
    ({"features": [[1.0, 0.0, np.inf]] * 3}, r"features: got inf at \[0, 2\]"),
    ({"features": [["a", "b", "c"]] * 3}, "features: got an array of dtype"),
    ({"batch_size": 0}, "batch_size: got 0; allowed is a whole number from 1 to"),
    ({"batch_size": 2.0}, "batch_size: got 2.0; allowed is a whole number from 1 to"),
    ({"batch_size": 2, "batch_seed": -1}, "batch_seed: got -1; allowed is a whole number from 0 to"),
    ({"check_every": 0}, "check_every: got 0; allowed is a whole number from 1 to"),
    (
        {"optimiser": "adam(0.9)"},
        r"optimiser: got 'adam\(0.9\)'; allowed is adam\(beta1, beta2, eps\), beta1",
    ),
    ({"labels": [0, 1]}, r"labels: got shape \(2,\).*3 samples"),
    ({"labels": [0, 1, 2]}, "labels: got 2.0; allowed is 0 or 1"),
    ({"labels": [0, 1, np.nan]}, "labels: got nan"),
    (
        {"labels": [1, 1, 1], "targets": {"accuracy": 0.5}},
        r"targets\['accuracy'\]: got labels of class 1 only",
    ),
    ({"starts": np.zeros((2, 2))}, r"starts: got shape \(2, 2\); allowed is .*\(runs, 3\)"),
    ({"starts": [[0.0, np.inf, 0.0]]}, r"starts: got inf at \[0, 1\]"),
    ({"loss": "hinge"}, "loss: got 'hinge'; allowed is one of bce, mse"),
    ({"loss": None}, "loss: got None"),
    ({"loss": "msee"}, "loss: got 'msee'; allowed is one of bce, mse, .*; the nearest is mse"),
    ({"loss": "mse(2)"}, r"loss: got 'mse\(2\)'; allowed is mse, without parentheses"),
    ({"model": "liner"}, "model: got 'liner'; allowed is one of linear, tanh.*; the nearest is linear"),
    (
        {"optimiser": "sgd"},
        r"optimiser: got 'sgd'; allowed is one of gd, normalised, momentum\(beta\), .*; the nearest is gd",
    ),
    ({"learning_rate": 0.0}, "learning_rate: got 0.0; allowed is a positive number"),
    ({"learning_rate": [1.0, -2.0]}, "learning_rate: got -2.0"),
    ({"learning_rate": np.nan}, "learning_rate: got nan"),
    ({"learning_rate": [1.0, 1.0, 1.0]}, r"learning_rate: got shape \(3,\)"),
    ({"max_steps": -1}, "max_steps: got -1; allowed is a whole number from 0"),
    ({"hold": 0}, "hold: got 0; allowed is a whole number from 1 on"),
    ({"hold": True}, "hold: got True; allowed is a whole number from 1 on"),
    ({"hold": 1.5}, r"hold: got 1\.5; allowed is a whole number from 1 on"),
    ({"max_steps": 2.5}, "max_steps: got 2.5"),
    ({"max_steps": True}, "max_steps: got True"),
    ({"max_steps": 2**54}, "max_steps: got"),
    ({"targets": {"f1": 0.5}}, "targets: got 'f1'; allowed is a mapping from accuracy, brier, logloss"),
    ({"targets": "brier"}, "targets: got 'brier'"),
    ({"targets": {"brier": np.nan}}, r"targets\['brier'\]: got nan"),
    ({"targets": {"brier": [0.1] * 3}}, r"targets\['brier'\]: got shape \(3,\)"),
    (
        {"trace_steps": [2, 1]},
        r"trace_steps: got 1 at \[1\]; allowed is increasing whole numbers from 0 to max_steps = 3",
    ),
    ({"trace_steps": [0, 4]}, r"trace_steps: got 4"),
    ({"trace_steps": [-1]}, "trace_steps: got -1"),
    ({"trace_steps": [0.5]}, "trace_steps: got an array of dtype float64"),
    ({"trace_steps": "12"}, "trace_steps: got '12'"),
    ({"threads": 0}, "threads: got 0; allowed is a whole number from 1"),
]


@pytest.mark.parametrize(("change", "message"), BAD, ids=[message[:40] for _, message in BAD])
def test_bad_input_is_named(change: dict, message: str) -> None:
    arguments = GOOD | change
    with pytest.raises(ValueError, match=message):
        kernels.descend(
            arguments.pop("features"), arguments.pop("labels"), arguments.pop("starts"), **arguments
        )


def test_risk_and_gradient_refuse_the_same() -> None:
    for function in (kernels.risk, kernels.gradient):
        with pytest.raises(ValueError, match="thetas: got shape"):
            function(np.eye(3), [0, 1, 1], np.zeros(3), loss="mse")
        with pytest.raises(ValueError, match="loss: got 'x'"):
            function(np.eye(3), [0, 1, 1], np.zeros((1, 3)), loss="x")


def test_inputs_are_not_modified_and_may_be_read_only() -> None:
    features, labels = problem(20, 3)
    starts = np.random.default_rng(0).normal(size=(5, 3))
    arrays = [features, labels, starts]
    before = [a.copy() for a in arrays]
    for array in arrays:
        array.flags.writeable = False
    kernels.descend(
        features, labels, starts, loss="bce", learning_rate=1.0, max_steps=9, targets=TARGETS, trace_steps=[1]
    )
    kernels.risk(np.asfortranarray(features), labels, starts, loss="bce")
    kernels.gradient(features[:, ::-1], labels, starts, loss="bce")
    for array, copy in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_memory_grows_with_runs_and_not_with_steps() -> None:
    import tracemalloc

    features, labels = problem(20, 3)

    def peak(runs: int, steps: int) -> int:
        starts = np.zeros((runs, 3))
        tracemalloc.start()
        kernels.descend(features, labels, starts, loss="bce", learning_rate=1.0, max_steps=steps, threads=1)
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    peak(1000, 1)
    assert peak(1000, 2000) <= 1.05 * peak(1000, 1)
    assert peak(4000, 1) >= 2 * peak(1000, 1)


@pytest.mark.parametrize("given", [{}, {"batch_size": 5}, {"check_every": 3}, {"lanes": "samples"}], ids=str)
@pytest.mark.parametrize("targets", [None, {"brier": 0.2}], ids=["to the end", "to targets"])
def test_a_budget_of_its_own_ends_a_run_and_no_other(given, targets):
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(23, 3)), np.arange(23) % 2
    budgets = rng.permutation(np.arange(40) // 2)
    starts = rng.normal(size=(len(budgets), 3))
    common = {"loss": "mse", "learning_rate": 0.4, "targets": targets, "hold": 2} | given
    together = kernels.descend(x, y, starts, max_steps=budgets, **common)
    for budget in np.unique(budgets):
        own = budgets == budget
        alone = kernels.descend(x, y, starts[own], max_steps=int(budget), **({"lanes": "runs"} | common))
        assert together.theta[own].tobytes() == alone.theta.tobytes()
        assert together.steps_run[own].tolist() == alone.steps_run.tolist()
        assert (together.steps_run[own] <= budget).all()
        for name, arrival in alone.arrival.items():
            assert together.arrival[name][own].tolist() == arrival.tolist()


@pytest.mark.parametrize(
    ("budgets", "said"),
    [
        ([1, 2], r"max_steps: got an array of dtype int64 and shape \(2,\)"),
        ([1, -2, 3], "max_steps: got -2"),
        ([1.0, 2.0, 3.0], "max_steps: got an array of dtype float64"),
    ],
)
def test_budgets_that_are_no_budgets_are_refused(budgets, said):
    with pytest.raises(ValueError, match=said):
        kernels.descend(
            np.ones((2, 1)), [0, 1], np.zeros((3, 1)), loss="mse", learning_rate=1.0, max_steps=budgets
        )
