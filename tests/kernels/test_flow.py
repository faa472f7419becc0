"""Gradient flow against closed forms, SciPy's solver and stepping; its invariants, and what it refuses."""

from __future__ import annotations

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp
from scipy.integrate._ivp import dop853_coefficients

import kernels
from kernels import dop853, laws


def problem(n: int, d: int, seed: int = 0, apart: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng([n, d, seed])
    labels = np.arange(n) % 2
    features = rng.normal(size=(n, d)) + apart * np.outer(2.0 * labels - 1.0, np.eye(d)[0])
    features[:, -1] = 1.0
    return features, labels


TARGETS = {"accuracy": 0.8, "brier": 0.14, "logloss": 0.45}


def test_the_coefficients_are_those_of_the_published_method() -> None:
    np.testing.assert_array_equal(dop853.WEIGHTS, dop853_coefficients.A)
    np.testing.assert_array_equal(dop853.INTERPOLANT, dop853_coefficients.D)
    np.testing.assert_array_equal(dop853.ERROR_5[:13], dop853_coefficients.E5)
    np.testing.assert_array_equal(dop853.ERROR_3[:13], dop853_coefficients.E3)


def to_margin(loss: str, starts: list[float], end: float, **options) -> kernels.Flow:
    """The flow of one sample of length 1 until its margin is `end`."""
    target = {"logloss": naive.softplus(-end)}
    return kernels.gradient_flow(
        [[1.0]], [1], np.array(starts)[:, None], loss=loss, targets=target, **options
    )


@pytest.mark.parametrize("loss", laws.CLOSED_FORMS)
@pytest.mark.parametrize("end", [-29.0, -20.0, -5.0, 0.0, 1.0, 8.0, 15.0])
def test_one_sample_follows_the_closed_form(loss: str, end: float) -> None:
    starts = [a for a in (-30.0, -29.5, -17.0, -6.0, -1.0, 0.0, 7.0, 14.9) if a < end]
    flow = to_margin(loss, starts, end)
    error = flow.first_passage["logloss"] / laws.margin_time(starts, end, loss=loss) - 1.0
    assert np.abs(error).max() < 1e-8
    assert (flow.status["logloss"] == "reached").all()
    np.testing.assert_allclose(flow.theta[:, 0], end, rtol=1e-8, atol=1e-8)


def test_a_plateau_of_1e12_steps_costs_its_decades_and_not_its_steps() -> None:
    starts = [-14.0, -28.0, -56.0, -112.0, -224.0, -448.0]
    flow = to_margin("mse", starts, 0.0)
    times, work = flow.first_passage["logloss"], flow.evaluations
    assert times[1] > 1e12
    np.testing.assert_allclose(times, laws.margin_time(starts, 0.0, loss="mse"), rtol=1e-7)
    assert work[1] < 1000
    # Each further decade costs at most a few evaluations, up to a plateau of 1e194 steps.
    assert np.log10(times[-1]) > 194
    assert (np.diff(work) < 6.0 * np.diff(np.log10(times))).all()
    assert work[-1] < 2000


def scipy_passage(features, labels, start, loss: str, score: str, threshold: float) -> float:
    """First passage by SciPy's own integrator, in time and not in arc length, with its own event search."""

    def right_hand_side(t, theta):
        return -np.array(naive.gradient(features, labels, theta, loss))

    def event(t, theta):
        return naive.scores(features, labels, theta)[score] - threshold

    event.terminal = True
    path = solve_ivp(
        right_hand_side,
        (0.0, 1e7),
        start,
        method="DOP853",
        events=event,
        rtol=1e-10,
        atol=1e-12,
        max_step=np.inf,
    )
    return float(path.t_events[0][0])


@pytest.mark.parametrize("loss", kernels.LOSSES)
def test_finite_data_agree_with_scipy(loss: str) -> None:
    features, labels = problem(20, 3)
    starts = np.array([[-2.0, 0.5, 0.3], [1.0, -3.0, -1.0], [0.0, 0.0, 0.0]])
    flow = kernels.gradient_flow(
        features, labels, starts, loss=loss, targets={"brier": 0.15, "logloss": 0.47}
    )
    for run, start in enumerate(starts):
        for score, threshold in (("brier", 0.15), ("logloss", 0.47)):
            expected = scipy_passage(features, labels, start, loss, score, threshold)
            assert flow.first_passage[score][run] == pytest.approx(expected, rel=1e-7), (run, score)


@pytest.mark.parametrize("loss", kernels.LOSSES)
def test_stepping_tends_to_the_flow(loss: str) -> None:
    features, labels = problem(40, 3)
    starts = np.array([[-1.0, 0.5, 0.3], [-3.0, 0.1, -0.2], [0.5, -2.0, 1.0]])
    best = naive.scores(
        features, labels, kernels.gradient_flow(features, labels, [[0.0] * 3], loss="bce").theta[0]
    )
    targets = {
        "accuracy": 0.8,
        "brier": 0.9 * best["brier"] + 0.025,
        "logloss": 0.9 * best["logloss"] + 0.0693,
    }
    flow = kernels.gradient_flow(features, labels, starts, loss=loss, targets=targets)
    assert set(flow.ended) == {"reached"}
    largest = np.linalg.eigvalsh(features.T @ features / 40)[-1] * kernels.LOSSES[loss].smoothness
    errors = []
    for rate in (0.04 / largest, 0.01 / largest, 0.0025 / largest):
        steps = kernels.descend(
            features, labels, starts, loss=loss, learning_rate=rate, max_steps=10**7, targets=targets
        )
        ratios = [steps.first_passage[name] * rate / flow.first_passage[name] for name in targets]
        errors.append(np.abs(np.array(ratios) - 1.0))
    assert errors[1].max() < 0.01
    # The error is of the first order in the rate, plus that of rounding up to a whole step: up to one step.
    assert errors[0].max() > errors[1].max() > errors[2].max()
    assert errors[0].max() > 4.0 * errors[2].max()


def test_accuracy_is_met_where_the_count_of_right_samples_jumps() -> None:
    # One feature: the logit of each sample changes sign at a known theta, in this order.
    features, labels = np.array([[1.0], [1.0], [1.0], [-1.0]]), [1, 1, 1, 0]
    features = np.column_stack([features, [1.0, 2.0, 3.0, 1.0]])
    start = np.array([[-4.0, 1.5]])
    for share in (0.25, 0.5, 0.75, 1.0):
        flow = kernels.gradient_flow(features, labels, start, loss="mse", targets={"accuracy": share})
        found = naive.scores(features, labels, flow.theta[0])["accuracy"]
        assert found >= share
        before = kernels.gradient_flow(
            features, labels, start, loss="mse", max_time=flow.time[0] * (1.0 - 1e-9) if flow.time[0] else 0.0
        )
        if flow.time[0] > 0:
            assert naive.scores(features, labels, before.theta[0])["accuracy"] < share


def test_a_target_that_holds_at_the_start_is_met_at_time_0() -> None:
    features, labels = problem(20, 2)
    flow = kernels.gradient_flow(features, labels, [[1.0, 0.0]], loss="bce", targets={"brier": 0.99})
    assert flow.first_passage["brier"][0] == 0.0
    assert flow.ended[0] == "reached"
    np.testing.assert_array_equal(flow.theta, [[1.0, 0.0]])


def test_a_target_met_from_the_first_instant_on_is_met_at_time_0() -> None:
    features, labels = problem(40, 2, apart=3.0)
    flow = kernels.gradient_flow(features, labels, np.zeros((1, 2)), loss="mse", targets={"accuracy": 0.9})
    assert flow.first_passage["accuracy"][0] == 0.0
    assert (
        kernels.descend(
            features,
            labels,
            np.zeros((1, 2)),
            loss="mse",
            learning_rate=1.0,
            max_steps=0,
            targets={"accuracy": 0.9},
        ).status["accuracy"][0]
        == "censored"
    )


def test_time_runs_out_exactly() -> None:
    features, labels = problem(30, 3)
    starts = np.random.default_rng(0).normal(size=(5, 3))
    flow = kernels.gradient_flow(features, labels, starts, loss="mse", max_time=7.5, targets={"brier": 1e-9})
    assert set(flow.ended) == {"time"}
    assert set(flow.status["brier"]) == {"censored"}
    assert np.isinf(flow.first_passage["brier"]).all()
    np.testing.assert_allclose(flow.time, 7.5, rtol=1e-15)
    assert (flow.time <= 7.5).all()
    for run, start in enumerate(starts):
        path = solve_ivp(
            lambda t, theta: -np.array(naive.gradient(features, labels, theta, "mse")),
            (0, 7.5),
            start,
            method="DOP853",
            rtol=1e-11,
            atol=1e-12,
        )
        np.testing.assert_allclose(flow.theta[run], path.y[:, -1], rtol=1e-7, atol=1e-8)


def test_a_target_met_after_the_time_is_up_is_not_met() -> None:
    free = to_margin("mse", [-5.0], 0.0)
    cut = to_margin("mse", [-5.0], 0.0, max_time=float(free.time[0]) * 0.999)
    assert cut.status["logloss"][0] == "censored"
    assert cut.ended[0] == "time"


@pytest.mark.parametrize("max_time", [1e-300, 1e-20, 1e-14, 1e-3, 0.3])
def test_no_time_is_too_short_to_be_kept(max_time: float) -> None:
    """One sample that moves by z' = 1/2 at first: its Brier score falls by t/8, by 1e-14 in 8e-14."""
    watched = {"targets": {"brier": 0.25 - 1e-14}}
    free = kernels.gradient_flow([[1.0]], [1], [[0.0]], loss="bce", max_time=max_time)
    assert (free.ended[0], free.time[0]) == ("time", pytest.approx(max_time, rel=1e-13, abs=0.0))
    assert free.time[0] <= max_time
    assert free.theta[0, 0] == pytest.approx(naive_margin_after(max_time), rel=1e-9, abs=0.0)
    flow = kernels.gradient_flow([[1.0]], [1], [[0.0]], loss="bce", max_time=max_time, **watched)
    if max_time < 8e-14:
        assert (flow.ended[0], flow.status["brier"][0]) == ("time", "censored")
        np.testing.assert_array_equal(flow.time, free.time)
    else:
        assert flow.first_passage["brier"][0] <= max_time


def naive_margin_after(time: float) -> float:
    """Where ``m + e^m - 1 = time``: the margin of one sample under BCE from 0, by Newton's method."""
    margin = time / 2
    for _ in range(50):
        margin -= (margin + np.expm1(margin) - time) / (1.0 + np.exp(margin))
    return float(margin)


def test_a_target_met_from_the_first_instant_on_is_met_however_short_the_time() -> None:
    features, labels = problem(40, 2, apart=3.0)
    flow = kernels.gradient_flow(
        features, labels, np.zeros((1, 2)), loss="mse", targets={"accuracy": 0.9}, max_time=1e-20
    )
    assert (flow.first_passage["accuracy"][0], flow.ended[0]) == (0.0, "reached")


@settings(max_examples=40, deadline=None)
@given(share=st.floats(0.0, 1.0), loss=st.sampled_from(list(kernels.LOSSES)), seed=st.integers(0, 99))
def test_no_run_goes_beyond_its_time(share: float, loss: str, seed: int) -> None:
    features, labels = problem(12, 2, seed)
    starts = np.random.default_rng(seed).normal(size=(3, 2))
    common = {"loss": loss, "targets": {"brier": 0.2, "logloss": 0.6}, "max_evaluations": 2000}
    free = kernels.gradient_flow(features, labels, starts, **common)
    limit = float(share * free.time.max())
    cut = kernels.gradient_flow(features, labels, starts, max_time=limit, **common)
    assert (cut.time <= limit).all()
    for name, times in cut.first_passage.items():
        assert ((times <= limit) | np.isinf(times)).all()
        early = free.first_passage[name] < limit * (1.0 - 1e-9)
        assert (cut.status[name][early] == "reached").all()
        assert (cut.status[name][free.first_passage[name] > limit * (1.0 + 1e-9)] == "censored").all()


def test_a_path_that_ends_at_a_stationary_point_is_censored_there() -> None:
    features, labels = problem(40, 3, apart=0.5)
    flow = kernels.gradient_flow(features, labels, [[-1.0, 1.0, 0.5]], loss="bce", targets={"logloss": 1e-6})
    assert flow.ended[0] == "stationary"
    assert flow.status["logloss"][0] == "censored"
    assert np.abs(kernels.gradient(features, labels, flow.theta, loss="bce")).max() < 1e-7


def test_a_start_without_a_gradient_is_stationary() -> None:
    flow = kernels.gradient_flow([[1.0], [1.0]], [0, 1], [[0.0]], loss="bce", targets={"brier": 0.1})
    assert flow.ended[0] == "stationary"
    assert flow.time[0] == 0.0


def test_a_gradient_below_float64_is_stationary_and_not_an_error() -> None:
    flow = kernels.gradient_flow([[1.0]], [1], [[-705.0]], loss="mse", targets={"logloss": 0.1})
    assert flow.ended[0] == "stationary"


def test_work_is_bounded() -> None:
    flow = to_margin("mse", [-30.0], 0.0, max_evaluations=100)
    assert flow.ended[0] == "work"
    assert 100 <= flow.evaluations[0] < 116
    assert flow.status["logloss"][0] == "censored"
    assert 0 < flow.time[0] < laws.margin_time(-30.0, 0.0, loss="mse")


def test_a_run_given_the_work_it_reported_ends_the_same_way() -> None:
    features, labels = problem(40, 3, apart=0.5)
    starts = np.array([[-1.0, 1.0, 0.5], [-3.0, 0.0, 0.0], [-0.5, 2.0, 0.0]])
    best = kernels.gradient_flow(features, labels, starts, loss="mse").theta
    threshold = 1e-3 + max(naive.scores(features, labels, theta)["brier"] for theta in best)
    for options, end in (
        ({"targets": {"brier": threshold}}, "reached"),
        ({"max_time": 2.5}, "time"),
        ({}, "stationary"),
    ):
        for start in starts:
            free = kernels.gradient_flow(features, labels, [start], loss="mse", **options)
            work = int(free.evaluations[0])
            assert free.ended[0] == end
            assert work % 15 == 1  # the gradient at the start, then 15 for each step on trial
            again = kernels.gradient_flow(
                features, labels, [start], loss="mse", max_evaluations=work, **options
            )
            assert (again.ended[0], again.evaluations[0]) == (end, work)
            np.testing.assert_array_equal(again.theta, free.theta)
            less = kernels.gradient_flow(
                features, labels, [start], loss="mse", max_evaluations=work - 15, **options
            )
            assert (less.ended[0], less.evaluations[0]) == ("work", work - 15)


def test_a_step_that_meets_all_at_once_is_counted() -> None:
    flow = to_margin("bce", [0.0], 1e-3)
    assert flow.ended[0] == "reached"
    assert flow.evaluations[0] == 16


@settings(max_examples=15, deadline=None)
@given(
    runs=st.integers(1, 40),
    n=st.integers(2, 12),
    d=st.integers(1, 4),
    seed=st.integers(0, 2**32),
    max_time=st.sampled_from([1e-20, 0.3, 5.0, 1e4]),
)
def test_other_runs_and_order_change_no_bit(runs: int, n: int, d: int, seed: int, max_time: float) -> None:
    rng = np.random.default_rng(seed)
    features, labels = problem(n, d, seed)
    starts = 4 * rng.normal(size=(runs, d))
    common = {
        "loss": "mse",
        "targets": {"accuracy": 0.9, "brier": 0.1},
        "max_time": max_time,
        "max_evaluations": 600,
    }
    whole = kernels.gradient_flow(features, labels, starts, **common)
    order = rng.permutation(runs)
    shuffled = kernels.gradient_flow(features, labels, starts[order], **common)
    alone = kernels.gradient_flow(features, labels, starts[-1:], **common)
    for part, rows in ((shuffled, order), (alone, [runs - 1])):
        np.testing.assert_array_equal(part.theta, whole.theta[rows])
        np.testing.assert_array_equal(part.time, whole.time[rows])
        np.testing.assert_array_equal(part.ended, whole.ended[rows])
        np.testing.assert_array_equal(part.evaluations, whole.evaluations[rows])
        for name in common["targets"]:
            np.testing.assert_array_equal(part.first_passage[name], whole.first_passage[name][rows])


@settings(max_examples=15, deadline=None)
@given(n=st.integers(2, 12), d=st.integers(1, 4), power=st.integers(-450, 450), seed=st.integers(0, 2**32))
def test_scaling_the_features_by_a_power_of_two_scales_time_by_its_square(
    n: int, d: int, power: int, seed: int
) -> None:
    features, labels = problem(n, d, seed)
    starts = 3 * np.random.default_rng(seed).normal(size=(3, d))
    common = {"loss": "mse", "targets": {"brier": 0.15}, "max_evaluations": 1500}
    plain = kernels.gradient_flow(features, labels, starts, **common)
    scaled = kernels.gradient_flow(features * 2.0**power, labels, starts / 2.0**power, **common)
    np.testing.assert_array_equal(scaled.time, plain.time / 4.0**power)
    np.testing.assert_array_equal(scaled.first_passage["brier"], plain.first_passage["brier"] / 4.0**power)
    np.testing.assert_array_equal(scaled.theta, plain.theta / 2.0**power)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32), loss=st.sampled_from(list(kernels.LOSSES)))
def test_a_harder_target_takes_longer_and_the_risk_falls(seed: int, loss: str) -> None:
    features, labels = problem(15, 2, seed)
    score = {"bce": "logloss", "mse": "brier", "squared": "brier"}[loss]
    starts = 4 * np.random.default_rng(seed).normal(size=(2, 2))
    begin = np.array([naive.scores(features, labels, theta)[score] for theta in starts])
    last = np.zeros(2)
    for share in (0.999, 0.9, 0.7):
        flow = kernels.gradient_flow(
            features, labels, starts, loss=loss, targets={score: share * begin}, max_evaluations=3000
        )
        now = flow.first_passage[score]
        assert ((now > last) | np.isinf(now)).all()
        last = now
        after = [naive.scores(features, labels, theta)[score] for theta in flow.theta]
        assert (np.array(after) <= begin).all()


def test_the_path_does_not_depend_on_what_is_watched() -> None:
    features, labels = problem(30, 3)
    starts = np.random.default_rng(1).normal(size=(20, 3))
    plain = kernels.gradient_flow(features, labels, starts, loss="mse", max_time=50.0)
    watched = kernels.gradient_flow(
        features, labels, starts, loss="mse", max_time=50.0, targets={"logloss": 1e-9, "brier": 0.2}
    )
    np.testing.assert_array_equal(plain.theta, watched.theta)
    assert plain.status == {}


def test_no_runs_give_empty_results() -> None:
    features, labels = problem(5, 2)
    flow = kernels.gradient_flow(features, labels, np.empty((0, 2)), loss="mse", targets=TARGETS)
    assert flow.theta.shape == (0, 2)
    assert flow.first_passage["brier"].shape == (0,)


GOOD = {"features": np.eye(3), "labels": [0, 1, 1], "starts": np.zeros((2, 3)), "loss": "mse"}
BAD = [
    (
        {"features": [[1.0, 0.0, -1e160]] * 3},
        r"features: got -1e\+160 at \[0, 2\]; allowed is .*, within \+-1e\+140",
    ),
    ({"features": [[1.0, np.nan, 0.0]] * 3}, r"features: got nan at \[0, 1\]"),
    ({"labels": [0, 1, 2]}, "labels: got 2.0; allowed is 0 or 1"),
    ({"starts": np.zeros((2, 2))}, r"starts: got shape \(2, 2\)"),
    ({"loss": "hinge"}, "loss: got 'hinge'; allowed is one of bce, mse"),
    ({"targets": {"f1": 0.5}}, "targets: got 'f1'"),
    ({"max_time": -1.0}, r"max_time: got -1.0; allowed is a number from 0 to 1e\+300"),
    ({"max_time": np.inf}, "max_time: got inf"),
    ({"max_time": "1"}, "max_time: got '1'"),
    ({"tolerance": 1e-14}, "tolerance: got 1e-14; allowed is a number from 1e-13 to 0.001"),
    ({"tolerance": True}, "tolerance: got True"),
    ({"tolerance": np.nan}, "tolerance: got nan"),
    ({"max_evaluations": 0}, "max_evaluations: got 0; allowed is a whole number from 1"),
    ({"max_evaluations": 1.5}, "max_evaluations: got 1.5"),
]


@pytest.mark.parametrize(("change", "message"), BAD, ids=[message[:40] for _, message in BAD])
def test_bad_input_is_named(change: dict, message: str) -> None:
    arguments = GOOD | change
    with pytest.raises(ValueError, match=message):
        kernels.gradient_flow(
            arguments.pop("features"), arguments.pop("labels"), arguments.pop("starts"), **arguments
        )
