from __future__ import annotations

import base64
import json

import numpy as np
import pytest
from study import wording
from study.report import explorer, words
from study.statistics.cells import slowdown
from study.statistics.ends import arrivals, passages
from study.statistics.survival import survival
from synthetic import EXTREMES, OWN_RATES, subset


@pytest.fixture(scope="module")
def data(frames):
    return explorer.build(frames, 0.95)


def find(data, dataset, separability, start, scale):
    setting = next(
        i for i, s in enumerate(data["settings"]) if s["name"] == dataset and s["separability"] == separability
    )
    return setting, next(i for i, s in enumerate(data["starts"]) if (s["name"], s["scale"]) == (start, scale))


def test_every_cell_is_there_in_the_words_of_the_page(data, frames):
    told = [c for starts in data["cells"] for cells in starts for targets in cells for c in targets if c]
    assert len(told) == len(frames["slowdown"])
    row = (
        frames["slowdown"]
        .query(
            "dataset == 'gaussian' and separability == 4 and initialisation == 'wrong' and scale == 2 "
            "and policy == 'tuned' and target == 'logloss'"
        )
        .iloc[0]
    )
    setting, start = find(data, "gaussian", "4", "wrong", "2")
    policy = next(i for i, p in enumerate(data["policies"]) if p["policy"] == "tuned")
    target = next(i for i, t in enumerate(data["targets"]) if t["key"] == "logloss")
    cell = data["cells"][setting][start][policy][target]
    assert cell[0] == words.ratio(row)
    assert cell[1] == words.interval(row, 0.95)
    assert [data["rates"][cell[i]] for i in (2, 3)] == [wording.number(row[f"rate_{loss}"]) for loss in ("mse", "bce")]
    assert cell[4:6] == [wording.steps(row[f"{loss}_median"], row["budget"]) for loss in ("mse", "bce")]
    assert cell[6:9] == [row["mse_reached"], row["bce_reached"], row["starts"]]
    assert cell[9:] == ["100%", "0%", "33.3%", "", row["text"]]
    assert (row["mse_reached"], row["bce_reached"], row["starts"]) == (6, 4, 6)


def late(frames, **seeds):
    """Let runs of the cell gaussian 1, zero start, equal rate 1, Brier score miss: those of a loss with these seeds."""
    runs = frames["runs"].copy()
    here = (runs["dataset"] == "gaussian") & (runs["separability"] == 1) & (runs["initialisation"] == "zero")
    here &= (runs["rate"] == 1) & (runs["target"] == "brier") & (runs["role"] == "evaluation")
    for loss, missed in seeds.items():
        runs.loc[here & (runs["loss"] == loss) & runs["seed"].isin(missed), ["status", "step"]] = ["censored", -1]
    made = {"slowdown": slowdown(runs, OWN_RATES), "arrivals": arrivals(runs)}
    return frames | made | {"runs": runs, "passages": passages(runs, 40)}


def late_cell(data):
    setting, start = find(data, "gaussian", "1", "zero", "0")
    policy = next(i for i, p in enumerate(data["policies"]) if p.get("rate") == "1")
    return data["cells"][setting][start][policy][next(i for i, t in enumerate(data["targets"]) if t["key"] == "brier")]


UPPER = {"bce": (0, 1, 2, 3)}
UNKNOWN = {"mse": (0, 1, 2, 3, 4), "bce": (0, 1, 2, 3, 4, 5)}


def test_what_is_not_known_is_never_printed_as_a_number(frames):
    value, told, *_ = late_cell(explorer.build(late(frames, **UPPER), 0.95))
    assert value.startswith("< 0.")
    assert told == "an upper limit: in 4 of 6 pairs BCE had not arrived after 5,000 steps, MSE had"
    value, told, *_ = late_cell(explorer.build(late(frames, **UNKNOWN), 0.95))
    assert value is None
    assert told == "in 5 of 6 pairs neither loss had arrived after 5,000 steps, in 1 only MSE had"
    value, told, *_ = late_cell(explorer.build(late(frames, mse=range(6), bce=range(6)), 0.95))
    assert (value, told) == (None, "in 6 of 6 pairs neither loss had arrived after 5,000 steps")
    value, told, *_ = late_cell(explorer.build(late(frames, bce=(0,)), 0.95))
    assert value[0] in "3456"
    assert told.startswith("95% interval up to ")
    assert told.endswith(", no lower limit")


def test_a_cell_whose_target_held_at_the_start_says_so(frames, data):
    setting, start = find(data, "gaussian", "4", "right", "2")
    target = next(i for i, t in enumerate(data["targets"]) if t["key"] == "accuracy")
    cells = [policy[target] for policy in data["cells"][setting][start]]
    assert [cell[:2] for cell in cells] == [[None, "the target held before the first step in 6 of 6 pairs"]] * len(
        cells
    )


def test_what_the_study_has_not_is_null(frames):
    few = subset(frames, EXTREMES["no tuning seed"])
    data = explorer.build(few, 0.95)
    assert {p["policy"] for p in data["policies"]} == {"equal", "smoothness"}
    assert explorer.build(subset(frames, EXTREMES["one loss"]), 0.95) is None


def test_survival_is_that_of_kaplan_and_meier(data, frames):
    runs = frames["runs"].query(
        "dataset == 'gaussian' and separability == 4 and initialisation == 'wrong' and scale == 2 "
        "and loss == 'mse' and rate == 1 and target == 'brier' and role == 'evaluation'"
    )
    setting, start = find(data, "gaussian", "4", "wrong", "2")
    target = next(i for i, t in enumerate(data["targets"]) if t["key"] == "brier")
    share, last, *steps = data["survival"][setting][start][target][0][data["rates"].index("1")]
    assert last == 5000
    reached = (runs["status"] == "reached").to_numpy()
    expected, left = survival(np.where(reached, runs["step"], runs["max_steps"]), reached)
    arrived = expected[np.append(1, left[:-1]) > left]
    assert sorted(set(steps)) == arrived.tolist()
    assert 1 - share == pytest.approx(left[-1])


def test_curves_are_the_quantiles_to_a_byte(data, frames):
    setting, start = find(data, "gaussian", "2", "wrong", "8")
    rows = frames["curves"].query(
        "dataset == 'gaussian' and separability == 2 and initialisation == 'wrong' and scale == 8 "
        "and loss == 'bce' and rate == 1"
    )
    target = next(i for i, t in enumerate(data["targets"]) if t["key"] == "brier")
    runs, *ends, top, packed = data["curves"]["values"][setting][start][target][1]
    steps = data["curves"]["steps"]
    assert runs == rows["run"].nunique() == 4
    low, middle, high = np.frombuffer(base64.b64decode(packed), np.uint8).reshape(3, len(steps)) / 255 * top
    wide = rows.pivot_table(index="step", columns="run", values="brier").ffill().reindex(steps, method="ffill").bfill()
    for found, quantile in ((low, 0.1), (middle, 0.5), (high, 0.9)):
        np.testing.assert_allclose(found[-1], np.quantile(wide.iloc[-1], quantile), atol=top / 255)
    assert [float(end.replace(",", "")) for end in ends] == pytest.approx(middle[[0, -1]], rel=0.06, abs=top / 255)
    assert data["curves"]["ends"] == [wording.count(step) for step in (steps[0], steps[-1])]
    assert np.all(low <= middle)
    assert np.all(middle <= high)


def test_a_large_study_gives_up_detail_and_never_a_headline_number(frames):
    sizes = []
    for limit in (10**7, 120_000, 60_000, 30_000):
        data = explorer.build(frames, 0.95, limit=limit)
        sizes.append(len(explorer.dump(data)))
        assert sizes[-1] <= limit
    assert sizes == sorted(sizes, reverse=True)
    assert data["survival"] is None
    assert [t["key"] for t in data["targets"]] == ["brier"]
    assert explorer.build(frames, 0.95, limit=10) is None


def test_nothing_in_the_data_can_end_its_element():
    text = explorer.dump({"name": "</script><!-- & \u2028"})
    assert not set("<>&") & set(text)
    assert json.loads(text) == {"name": "</script><!-- & \u2028"}


def test_the_same_study_gives_the_same_bytes(data, frames):
    assert explorer.dump(data) == explorer.dump(explorer.build(frames, 0.95))
