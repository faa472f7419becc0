"""The laws against integrals taken by mpmath and SciPy, against the flow, and against arithmetic itself."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, optimize, stats

import kernels
from kernels import laws, losses
from kernels.jit import lanewise

LOSS = tuple(laws.CLOSED_FORMS)


def push(loss: str, m):
    """-dL/dm in mpmath."""
    wrong, right = 1 / (1 + mp.exp(m)), 1 / (1 + mp.exp(-m))
    return wrong if loss == "bce" else wrong * wrong * right


# --- One sample


@pytest.mark.parametrize("loss", LOSS)
@pytest.mark.parametrize(("start", "end"), [(-8, 3), (0, 5), (-40, -39), (2, 2.5), (-100, 30), (5, -3)])
def test_margin_times_are_the_integral(loss: str, start: float, end: float) -> None:
    with mp.workdps(50):
        points = [mp.mpf(start) + (mp.mpf(end) - mp.mpf(start)) * k / 40 for k in range(41)]
        expected = mp.quad(lambda m: 1 / push(loss, m), points)
    assert laws.margin_time(start, end, loss=loss) == pytest.approx(float(expected), rel=1e-14, abs=0.0)


def closed_form(loss: str, m):
    return m + mp.exp(m) if loss == "bce" else 3 * m + 3 * mp.exp(m) + mp.exp(2 * m) / 2 - mp.exp(-m)


@settings(deadline=None)
@given(
    start=st.floats(-700, 700),
    way=st.one_of(st.floats(0, 1400), st.floats(-40, 2).map(lambda k: 10.0**k)),
    loss=st.sampled_from(LOSS),
)
def test_margin_times_keep_their_digits_however_close_the_margins(
    start: float, way: float, loss: str
) -> None:
    end = min(start + way, 700.0)
    with mp.workdps(1000):
        expected = closed_form(loss, mp.mpf(end)) - closed_form(loss, mp.mpf(start))
        expected = math.inf if expected > 1.7976931348623157e308 else float(expected)
    assert laws.margin_time(start, end, loss=loss) == pytest.approx(expected, rel=1e-12, abs=0.0)
    assert laws.margin_time(end, start, loss=loss) == pytest.approx(-expected, rel=1e-12, abs=0.0)


def test_the_slowdowns_of_escape_are_those_of_the_design() -> None:
    a = np.array([1.0, 2.0, 4.0, 8.0, 12.0])
    found = laws.margin_time(-a, 0.0, loss="mse") / laws.margin_time(-a, 0.0, loss="bce")
    np.testing.assert_allclose(found, [4.3177, 5.4016, 13.859, 334.17, 12522.6], rtol=5e-5)


def test_tails_go_like_one_over_e_and_one_over_two_e_squared() -> None:
    e = np.array([1e-3, 1e-5])
    m = np.log((1 - e) / e)
    np.testing.assert_allclose(laws.margin_time(0.0, m, loss="bce") * e, 1.0, rtol=0.01)
    np.testing.assert_allclose(laws.margin_time(0.0, m, loss="mse") * 2 * e * e, 1.0, rtol=0.01)


def test_a_loss_without_a_closed_form_is_named() -> None:
    with pytest.raises(ValueError, match="loss: got 'hinge'; allowed is one with a closed form: bce, mse"):
        laws.margin_time(0.0, 1.0, loss="hinge")


# --- The population


def expected_over_margins(f, c: float, mu: float):
    """Mean of f(x, c x) over x ~ N(mu, 1), by mpmath."""
    bend = 1 / mp.mpf(max(abs(c), 1.0))
    points = sorted(
        {-12, *(k * bend for k in (-40, -12, -4, 0, 4, 12, 40)), mu / 2, mu, max(mu - abs(c), 0), mu + 12}
    )
    return mp.quad(lambda x: f(x, c * x) * mp.npdf(x, mu, 1), points)


CASES = [
    *[
        (-0.3, 1.0),
        (-2.0, 3.0),
        (-8.0, 3.0),
        (-32.0, 0.25),
        (-16.0, 6.0),
        (1e-3, 1.0),
        (-100.0, 2.0),
        (1.5, 2.0),
    ],
    # Near |c| = 1 the trapezoidal rule is at its worst.
    *[(1.0, 0.01), (-1.0, 0.01), (1.0, 1.0), (-1.0, 1.0), (-0.9, 0.25), (1.2, 2.0), (-1.5, 1e-3)],
]


@pytest.mark.parametrize(("c", "mu"), CASES)
@pytest.mark.parametrize("loss", LOSS)
def test_population_gradients_are_the_integral(c: float, mu: float, loss: str) -> None:
    with mp.workdps(30):
        mean = expected_over_margins(lambda x, m: x * push(loss, m), c, mu)
        square = expected_over_margins(lambda x, m: (x * push(loss, m)) ** 2, c, mu)
        spread = mp.sqrt(square - mean**2) / abs(mean)
    assert laws.population_gradient(c, mu, loss=loss) == pytest.approx(-float(mean), rel=1e-13, abs=0.0)
    assert laws.population_spread(c, mu, loss=loss) == pytest.approx(float(spread), rel=5e-12, abs=0.0)


@pytest.mark.parametrize(("c", "mu"), CASES)
def test_population_scores_are_the_integral(c: float, mu: float) -> None:
    with mp.workdps(30):
        brier = expected_over_margins(lambda x, m: (1 / (1 + mp.exp(m))) ** 2, c, mu)
        logloss = expected_over_margins(lambda x, m: mp.log1p(mp.exp(-m)), c, mu)
    found = laws.population_scores(c, mu)
    assert found.brier == pytest.approx(float(brier), rel=1e-13, abs=0.0)
    assert found.logloss == pytest.approx(float(logloss), rel=1e-13, abs=0.0)
    assert found.accuracy == pytest.approx(stats.norm.cdf(mu if c > 0 else -mu), abs=4e-16)


def test_nothing_is_right_where_every_logit_is_0() -> None:
    found = laws.population_scores(0.0, 1.0)
    assert found.accuracy == 0.0
    assert found.brier == pytest.approx(0.25)
    assert found.logloss == pytest.approx(math.log(2.0))


@pytest.mark.parametrize("mu", [1e-6, 0.01, 0.25, 1.0, 3.0, 6.0, 36.9, 37.0, 37.5, 39.0, 1000.0])
@pytest.mark.parametrize("loss", LOSS)
def test_the_best_multiple_is_twice_mu_for_both_losses(mu: float, loss: str) -> None:
    assert laws.population_optimum(mu, loss=loss) == 2 * mu
    if 0.01 <= mu <= 6:
        assert (
            laws.population_gradient(1.999 * mu, mu, loss=loss)
            < 0
            < laws.population_gradient(2.001 * mu, mu, loss=loss)
        )
    if 0.01 <= mu < 4:
        # The risk itself, by another integral.
        score = {"bce": "logloss", "mse": "brier"}[loss]
        near = [getattr(laws.population_scores(2 * mu + d, mu), score) for d in (-0.01 * mu, 0.0, 0.01 * mu)]
        assert near[1] < min(near[0], near[2])


@pytest.fixture
def squared_logit(monkeypatch: pytest.MonkeyPatch) -> str:
    """A loss that is not proper: squared error on the raw logit, with targets of -1 and +1."""

    @lanewise
    def value(z, y):
        return 0.5 * (z - (2.0 * y - 1.0)) * (z - (2.0 * y - 1.0))

    @lanewise
    def derivative(z, y):
        return z - (2.0 * y - 1.0)

    monkeypatch.setattr(kernels.LOSSES, "_plain", dict(kernels.LOSSES))
    losses.register(losses.Loss("squared_logit", value, derivative, smoothness=1.0))
    return "squared_logit"


@pytest.mark.parametrize("mu", [0.01, 1.0, 3.0, 40.0])
def test_the_best_multiple_of_another_loss_is_where_its_pull_vanishes(mu: float, squared_logit: str) -> None:
    # E[x (1 - c x)] = mu - c (1 + mu^2).
    assert laws.population_optimum(mu, loss=squared_logit) == pytest.approx(mu / (1 + mu * mu), rel=1e-11)
    assert laws.population_gradient(-3.0, mu, loss=squared_logit) == pytest.approx(
        -mu - 3 * (1 + mu * mu), rel=1e-13
    )


@pytest.mark.integration
def test_pulls_without_a_sign_are_0_and_times_beyond_them_infinite() -> None:
    # The truth is +4.6e-318; a margin of 708 pushes with 3e-308.
    assert str(laws.population_gradient(100.0, 38.0, loss="bce")) == "0.0"  # no sign there either
    assert laws.population_gradient(70.0, 38.0, loss="mse") == 0.0
    assert laws.population_spread(100.0, 38.0, loss="bce") == math.inf
    assert laws.population_time(20.0, 70.0, 40.0, loss="mse") == math.inf
    assert laws.population_time(-1e4, 1999.0, 1000.0, loss="mse") == math.inf  # known from its last panel
    assert laws.population_deviation(-30.0, 70.0, 40.0, loss="mse") == math.inf
    assert laws.population_passage(20.0, 40.0, loss="mse", target="brier", threshold=1e-300) == 0.0


def test_far_classes_have_the_passage_of_gaussian_integrals() -> None:
    # Practically every sample is right by 100 and more:
    # the Brier score is E[e^(-2 c x)], the pull of BCE E[x e^(-c x)].
    mu, start, threshold = 40.0, 3.0, 1e-200
    with mp.workdps(30):
        end = (mu - mp.sqrt(mu * mu + 2 * mp.log(threshold))) / 2
        expected = mp.quad(lambda c: mp.exp(c * mu - c * c / 2) / (mu - c), mp.linspace(start, end, 9))
    found = laws.population_passage(start, mu, loss="bce", target="brier", threshold=threshold)
    assert found == pytest.approx(float(expected), rel=1e-10)


@pytest.mark.parametrize("loss", LOSS)
@pytest.mark.parametrize(
    ("start", "end", "mu"), [(-6.0, 0.5, 1.0), (-3.0, 3.9, 2.0), (-12.0, -1.0, 3.0), (-0.1, 0.2, 0.25)]
)
def test_population_times_are_the_integral(loss: str, start: float, end: float, mu: float) -> None:
    expected, _ = integrate.quad(
        lambda c: -1.0 / laws.population_gradient(c, mu, loss=loss),
        start,
        end,
        epsrel=1e-12,
        epsabs=0.0,
        limit=500,
    )
    assert laws.population_time(start, end, mu, loss=loss) == pytest.approx(expected, rel=1e-11, abs=0.0)


@pytest.mark.parametrize("loss", LOSS)
def test_a_short_population_time_is_the_integral_by_mpmath(loss: str) -> None:
    start, end, mu = -1.0001, -0.9999, 1e-3
    with mp.workdps(30):
        slow = [
            1 / expected_over_margins(lambda x, m: x * push(loss, m), c, mu)
            for c in (start, (start + end) / 2, end)
        ]
        expected = (
            (mp.mpf(end) - mp.mpf(start)) / 6 * (slow[0] + 4 * slow[1] + slow[2])
        )  # Simpson's rule errs by 1e-17 here
    assert laws.population_time(start, end, mu, loss=loss) == pytest.approx(
        float(expected), rel=1e-12, abs=0.0
    )


def test_population_times_add_up_and_end_before_the_optimum() -> None:
    whole = laws.population_time(-5.0, 1.0, 1.0, loss="mse")
    parts = laws.population_time(-5.0, -0.3, 1.0, loss="mse") + laws.population_time(
        -0.3, 1.0, 1.0, loss="mse"
    )
    assert whole == pytest.approx(parts, rel=1e-13)
    assert laws.population_time(0.0, 2.0, 1.0, loss="mse") == math.inf
    assert laws.population_time(1.0, 1.0, 1.0, loss="mse") == 0.0
    assert laws.population_time(-32.0, 0.0, 50.0, loss="mse") == math.inf


def test_at_0_the_gradients_differ_by_a_factor_of_four() -> None:
    ratio = laws.population_gradient(0.0, 1.5, loss="bce") / laws.population_gradient(0.0, 1.5, loss="mse")
    assert ratio == pytest.approx(4.0, rel=1e-14)


def test_the_two_regimes_of_the_gradient_ratio() -> None:
    def ratio(a: float, mu: float) -> float:
        return laws.population_gradient(-a, mu, loss="bce") / laws.population_gradient(-a, mu, loss="mse")

    # a < mu: mu / (mu - a) e^(a mu - a^2 / 2), up to the tails of the sigmoid.
    for a, mu in ((2.0, 20.0), (5.0, 30.0)):
        assert ratio(a, mu) == pytest.approx(math.exp(a * mu - a * a / 2) * mu / (mu - a), rel=1e-6)
    # a > mu: 2 a^2 (1 + mu Phi(mu) / phi(mu)), up to terms of order 1 / a.
    for mu in (0.5, 1.0, 2.0):
        limit = 2.0 * 1000.0**2 * (1.0 + mu * stats.norm.cdf(mu) / stats.norm.pdf(mu))
        assert ratio(1000.0, mu) == pytest.approx(limit, rel=0.02)


def test_the_spread_in_the_plateau_is_that_of_the_page() -> None:
    def spread(a: float, mu: float) -> float:
        return laws.population_spread(-a, mu, loss="mse")

    # 2a < mu: both moments are Gaussian integrals.
    for a, mu in ((4.0, 12.0), (5.0, 20.0), (10.0, 50.0)):
        law = math.exp(a * a / 2) * math.sqrt(1 + (mu - 2 * a) ** 2) / (mu - a)
        assert spread(a, mu) == pytest.approx(law, rel=1e-3)
    # mu/2 < a < mu: the second one comes from the boundary.
    for a, mu in ((4.0, 6.0), (5.0, 6.0), (7.0, 12.0), (9.0, 12.0), (12.0, 20.0), (16.0, 20.0)):
        law = math.exp(a * mu - a * a / 2 - mu * mu / 4) / ((mu - a) * a**1.5)
        assert 0.25 < spread(a, mu) / law < 4.0
    assert spread(4.0, 6.0) / math.sqrt(1e5) == pytest.approx(0.31, abs=0.005)


@pytest.mark.parametrize(("target", "c"), [("brier", 0.4), ("logloss", -0.7), ("brier", -3.0)])
def test_a_target_is_met_where_its_score_says(target: str, c: float) -> None:
    threshold = getattr(laws.population_scores(c, 1.0), target)
    assert laws.population_target(1.0, target=target, threshold=threshold) == pytest.approx(c, rel=1e-10)
    common = {"loss": "mse", "target": target, "threshold": threshold}
    assert laws.population_passage(-5.0, 1.0, **common) == pytest.approx(
        laws.population_time(-5.0, c, 1.0, loss="mse"), rel=1e-9
    )
    assert laws.population_passage(c + 0.01, 1.0, **common) == 0.0


def test_targets_out_of_reach_and_always_met() -> None:
    assert laws.population_target(1.0, target="accuracy", threshold=0.9) == math.inf
    assert laws.population_target(1.0, target="accuracy", threshold=0.8) == 0.0
    assert laws.population_target(1.0, target="accuracy", threshold=0.1) == -math.inf
    assert laws.population_target(1.0, target="brier", threshold=0.01) == math.inf
    assert laws.population_target(1.0, target="brier", threshold=1.0) == -math.inf
    assert laws.population_passage(-1.0, 1.0, loss="bce", target="brier", threshold=0.01) == math.inf


def test_large_samples_deviate_within_the_bound() -> None:
    """The deviation across the line, rms over draws, is below its bound, within a factor of ten."""
    n, mu, a = 4000, 1.0, 6.0
    path_deviation = []
    for seed in range(8):
        rng = np.random.default_rng([5, seed])
        labels = np.arange(n) % 2
        features = np.column_stack(
            [rng.normal(size=n) + mu * (2.0 * labels - 1.0), rng.normal(size=n), np.ones(n)]
        )
        time = laws.population_time(-a, -2.0, mu, loss="mse")
        flow = kernels.gradient_flow(
            features, labels, [[-a, 0.0, 0.0]], loss="mse", max_time=time, tolerance=1e-8
        )
        path_deviation += flow.theta[0, 1:].tolist()
    rms = math.sqrt(np.mean(np.square(path_deviation)))
    bound = laws.population_deviation(-a, -2.0, mu, loss="mse") / math.sqrt(n)
    assert 0.1 * bound < rms < bound


def test_spread_and_deviation_are_kept_where_squares_of_pulls_are_too_small() -> None:
    with mp.workdps(30):
        # mpmath's errors are absolute, so the pulls, of about 1e-260, are taken in a unit of their own.
        mean, square = (
            mp.quad(
                lambda x, k=k: (mp.mpf("1e260") * x * push("mse", -20 * x)) ** k * mp.npdf(x, 40, 1),
                mp.linspace(-12, 52, 65),
            )
            for k in (1, 2)
        )
        spread = float(mp.sqrt(square - mean**2) / mean)
    assert laws.population_spread(-20.0, 40.0, loss="mse") == pytest.approx(spread, rel=1e-10)
    # One panel in the plateau:
    # E[w^2]^(1/2) / E[x w] = e^(a^2/2) / (mu - a), and E[w'] / E[x w] = 1 / (mu - a).
    a, mu, width = 9.875, 50.0, 0.25
    law = width * math.exp(a * a / 2) / (mu - a) * math.exp(width / 2 / (mu - a))
    assert laws.population_deviation(-10.0, -9.75, mu, loss="mse") == pytest.approx(law, rel=1e-9)


@pytest.mark.parametrize("end", [-5e-324, 0.0, 5e-324, 1e-310])
@pytest.mark.parametrize("loss", LOSS)
def test_the_deviation_over_a_tiny_path_is_tiny(loss: str, end: float) -> None:
    assert 0.0 <= laws.population_deviation(-5e-324, end, 1.0, loss=loss) <= 1e-309
    whole = laws.population_deviation(-2.0, 0.0, 1.0, loss=loss)
    assert laws.population_deviation(-2.0, 5e-324, 1.0, loss=loss) == pytest.approx(whole, rel=0.05)


def test_regimes() -> None:
    assert laws.regime(0.5, 1.0) == "small"
    assert laws.regime(0.9, 1.0) == "plateau"
    assert laws.regime(1.0, 1.0) == "ceiling"
    assert laws.regime(0.5, 10.0) == "plateau"


BAD = [
    (lambda: laws.margin_time(math.nan, 1.0, loss="mse"), "start: got nan; allowed is finite real numbers"),
    (lambda: laws.margin_time(0.0, [1.0, math.inf], loss="bce"), r"end: got inf at \[1\]; allowed is finite"),
    (
        lambda: laws.margin_time(0.0, 1.0, loss=["bce"]),
        r"loss: got \['bce'\]; allowed is one with a closed form",
    ),
    (
        lambda: laws.population_gradient(1.0, 1.0, loss=["bce"]),
        r"loss: got \['bce'\]; allowed is one of bce, mse",
    ),
    (
        lambda: laws.population_gradient(1.0, 0.0, loss="bce"),
        "mu: got 0.0; allowed is a number from 1e-06 to 1000",
    ),
    (lambda: laws.population_gradient(1e5, 1.0, loss="bce"), "c: got 100000.0"),
    (lambda: laws.population_gradient(1.0, 1.0, loss="x"), "loss: got 'x'"),
    (lambda: laws.population_time(1.0, 0.0, 1.0, loss="bce"), "start: got 1.0; allowed is at most end = 0"),
    (lambda: laws.population_target(1.0, target="f1", threshold=0.1), "target: got 'f1'"),
    (lambda: laws.population_target(1.0, target="brier", threshold=math.nan), "threshold: got nan"),
    (lambda: laws.population_passage(3.0, 1.0, loss="bce", target="brier", threshold=0.1), "start: got 3.0"),
    (lambda: laws.population_deviation(-1.0, 2.5, 1.0, loss="bce"), "start, end"),
    (lambda: laws.stall_logit(loss="bce", learning_rate=0.0, dtype="float32"), "learning_rate: got 0.0"),
    (lambda: laws.stall_logit(loss="bce", learning_rate=1.0, dtype="float16"), "dtype: got float16"),
    (
        lambda: laws.stall_logit(loss="bce", learning_rate=1.0, dtype="half a byte"),
        "dtype: got 'half a byte'; allowed is float32",
    ),
]


@pytest.mark.parametrize(("call", "message"), BAD, ids=[message[:30] for _, message in BAD])
def test_bad_input_is_named(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


# --- Rounding


@pytest.mark.parametrize("rate", [0.01, 1.0, 100.0])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("loss", LOSS)
def test_updates_round_away_from_the_stall_on_and_not_before(loss: str, dtype: str, rate: float) -> None:
    kind = np.dtype(dtype).type
    stall = kind(laws.stall_logit(loss=loss, learning_rate=rate, dtype=dtype))

    def moves(z) -> bool:
        with mp.workdps(60):
            gradient = push(loss, -mp.mpf(float(z)))
        return bool(z - kind(rate) * kind(float(gradient)) != z)

    z = stall
    for _ in range(50):
        assert not moves(z)
        z = np.nextafter(z, kind(np.inf))
    below = [np.nextafter(stall, kind(0.0))]
    below.append(np.nextafter(below[0], kind(0.0)))
    assert any(moves(z) for z in below)


@pytest.mark.parametrize("rate", [1e-9, 6.5e-8, 7.5e-8, 1.5e-7, 2.012e-7, 2.0132659e-7, 2.1e-7, 1e-6])
@pytest.mark.parametrize("loss", LOSS)
def test_the_stall_is_where_no_number_beyond_moves_though_gradients_grow(loss: str, rate: float) -> None:
    """At such rates numbers stall while the gradient still grows with the logit."""

    def moves(z):
        tail = np.exp(-z.astype(np.float64))
        gradient = 1 / (1 + tail) if loss == "bce" else tail / (1 + tail) ** 3
        return z - np.float32(rate) * gradient.astype(np.float32) != z

    found = np.float32(laws.stall_logit(loss=loss, learning_rate=rate, dtype="float32"))
    place, last = int(found.view(np.int32)), int(np.float32(1e30).view(np.int32))
    assert moves(np.arange(place - 2, place, dtype=np.int32).view(np.float32)).any()
    assert not moves(np.arange(place, place + 1000, dtype=np.int32).view(np.float32)).any()
    assert not moves(np.arange(place, last, 255, dtype=np.int32).view(np.float32)).any()


def test_the_stall_of_float64_lies_beyond_the_largest_gradient() -> None:
    # p^2 (1 - p) is largest at ln 2: these rates move numbers on both sides of it, and none at 1/2.
    gradient = 2.0**-54 / 3.75e-16
    expected = optimize.brentq(
        lambda z: math.exp(-z) / (1 + math.exp(-z)) ** 3 - gradient, math.log(2), 1.0, xtol=1e-15
    )
    assert laws.stall_logit(loss="mse", learning_rate=3.75e-16, dtype="float64") == pytest.approx(
        expected, rel=1e-12
    )
    assert laws.stall_logit(loss="mse", learning_rate=3.77e-16, dtype="float64") == pytest.approx(
        0.8297, abs=5e-5
    )


def test_a_gradient_that_keeps_growing_stalls_nowhere(squared_logit: str) -> None:
    assert laws.stall_logit(loss=squared_logit, learning_rate=1.0, dtype="float32") == math.inf
    # z - 1e-30 (z + 1) moves only what is below about 1e-23.
    found = laws.stall_logit(loss=squared_logit, learning_rate=1e-30, dtype="float32")
    assert found == pytest.approx(2.0**-76, rel=0.5)


def test_stalls_by_hand() -> None:
    # BCE pulls with 1: half a spacing of float32 is 1 from 2^24 (every other number moves) and 2 from 2^25.
    assert laws.stall_logit(loss="bce", learning_rate=1.0, dtype="float32") == 2.0**25
    # MSE pulls with e^-z: half a spacing of float32 is 2^-21 between 8 and 16, so z = 21 ln 2.
    assert laws.stall_logit(loss="mse", learning_rate=1.0, dtype="float32") == pytest.approx(
        21 * math.log(2), abs=1e-5
    )
