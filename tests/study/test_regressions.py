"""Lasting slowdowns in made-up histories whose truth is known, and what the page says about them."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import recorded
from study import git
from study.benchmarks import ancestry, history, history_page, runs
from study.benchmarks.changepoints import changes, fewest_runs
from study.benchmarks.compare import short
from study.benchmarks.regressions import regressions, report
from study.errors import UserError

OURS = "test_descent[kernels-mse-d2]"


def made(
    folder: Path, factors: list[float], *, calibrate: bool = True, solver: str = "kernels"
) -> pd.DataFrame:
    """A history of one machine, each run slower than the first by its factor."""
    for number, factor in enumerate(factors):
        content = recorded.run(number)
        for entry in content["benchmarks"]:
            if entry["extra_info"]["solver"] == solver:
                entry["stats"]["data"] = [factor * x for x in entry["stats"]["data"]]
            if not calibrate:
                entry["extra_info"]["ceiling"] = [factor * x for x in entry["extra_info"]["ceiling"]]
        recorded.store(folder, number, content)
    return history.table(ancestry.ordered(runs.read([folder])[0], folder)[0])


def test_a_benchmark_that_got_slower_is_found_with_the_commit(tmp_path: Path) -> None:
    found = regressions(made(tmp_path, [1.0] * 20 + [1.2] * 10), 0.05)
    assert {one.benchmark for one in found} == {OURS, OURS.replace("d2", "d8")}
    for one in found:
        assert (one.before, one.commit) == (recorded.commit(19)[:12], recorded.commit(20)[:12])
        assert one.ratio == pytest.approx(1.2, rel=0.03)
        assert one.confirmed
    text = report(found, 0.05)
    assert f"{OURS}: +" in text
    assert recorded.commit(20)[:12] in text


@pytest.mark.parametrize(
    ("factors", "what"),
    [
        ([1.0] * 30, "no change"),
        ([1.0] * 20 + [0.8] * 10, "faster"),
        ([1.0] * 15 + [1.2] * 15 + [1.0] * 15, "slower, and mended"),
        ([1.0] * 4 + [1.2] * 4, "too few runs to detect"),
    ],
)
def test_what_is_no_regression_is_none(factors: list[float], what: str, tmp_path: Path) -> None:
    assert regressions(made(tmp_path, factors), 0.05) == [], what


def test_a_level_counts_next_to_the_best_and_not_to_the_one_before(tmp_path: Path) -> None:
    # 20% slower, then 8% faster again: each step alone would hide that it is 10% slower than it was
    [one, *_] = regressions(made(tmp_path, [1.0] * 20 + [1.2] * 20 + [1.1] * 20), 0.05)
    assert one.ratio == pytest.approx(1.1, rel=0.03)
    assert one.commit == recorded.commit(20)[:12]


def test_the_threshold_is_one(tmp_path: Path) -> None:
    table = made(tmp_path, [1.0] * 20 + [1.2] * 20)
    assert regressions(table, 0.1)
    assert not regressions(table, 0.3)


def test_peers_may_get_slower(tmp_path: Path) -> None:
    assert regressions(made(tmp_path, [1.0] * 20 + [1.5] * 20, solver="NumPy"), 0.05) == []


def test_a_machine_that_got_slower_as_a_whole_is_distinguished(tmp_path: Path) -> None:
    found = regressions(made(tmp_path, [1.0] * 20 + [1.2] * 20, calibrate=False), 0.05)
    assert found
    assert not any(one.confirmed for one in found)


def test_without_calibration_the_time_alone_counts(tmp_path: Path) -> None:
    table = made(tmp_path, [1.0] * 20 + [1.2] * 20).assign(calibrated=math.nan, calibrated_level=math.nan)
    assert all(one.confirmed for one in regressions(table, 0.05))


def test_a_slowdown_is_accepted_by_its_commit_or_a_later_one(tmp_path: Path) -> None:
    table = made(tmp_path, [1.0] * 20 + [1.2] * 20)
    for number, left in ((19, True), (20, False), (30, False), (39, False)):
        assert bool(regressions(table, 0.05, recorded.commit(number))) is left, number
    assert not regressions(table, 0.05, recorded.commit(25)[:7])
    with pytest.raises(UserError, match=r"benchmarks\.accepted: no recorded run is of 'ffffff'"):
        regressions(table, 0.05, "ffffff")


def test_what_is_slower_after_the_accepted_commit_is_found(tmp_path: Path) -> None:
    table = made(tmp_path, [1.0] * 20 + [1.2] * 20 + [1.5] * 20)
    [one, *_] = regressions(table, 0.05, recorded.commit(20))
    assert one.ratio == pytest.approx(1.25, rel=0.03)
    assert one.commit == recorded.commit(40)[:12]


def test_an_empty_history_has_none(tmp_path: Path) -> None:
    assert regressions(history.table([]), 0.05) == []


def test_fewest_runs_is_the_least_number_at_which_a_step_can_be_found() -> None:
    fewest = fewest_runs()
    for size in range(2, fewest):
        for place in range(1, size):
            assert changes(np.arange(size) + 100.0 * (np.arange(size) >= place)) == []
    assert changes(np.arange(fewest))


# --- What the page says is what the tables say --------------------------------------------------------------


REFERENCE = git.ROOT / "results" / "reference" / "benchmarks"
HISTORIES = {
    "short": [1.0, 1.3, 0.9, 1.1, 1.2],
    "steady": [1.0] * 20,
    "slower": [1.0] * 20 + [1.2] * 20,
    "slower and mended": [1.0] * 15 + [1.2] * 15 + [1.0] * 15,
    "one run": [1.0],
}


@pytest.fixture(scope="module", params=[*HISTORIES, "reference"])
def drawn(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    if request.param == "reference":
        return history.table(ancestry.ordered(runs.read([REFERENCE])[0], git.ROOT)[0])
    return made(tmp_path_factory.mktemp("storage"), HISTORIES[request.param])


def each(table: pd.DataFrame):
    """Rows by benchmark and machine, in order of runs."""
    return [rows.sort_values("order") for _, rows in table.groupby(["benchmark", "machine"])]


def own(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of the kernels, without those of other libraries."""
    return table[table["solver"].str.startswith("kernels")]


def test_the_first_sentence_is_true_of_the_changes(drawn: pd.DataFrame) -> None:
    [first, *_] = history_page.summary(drawn)
    steps = int(drawn["changed"].sum()), int(drawn["calibrated_changed"].sum())
    longest = drawn["benchmark"].value_counts().max()
    if sum(steps):
        assert first.startswith(
            f"{sum(steps)} change{'s' * (sum(steps) > 1)} of level found, {steps[1]} of them"
        )
    elif longest < fewest_runs():
        assert first.startswith("Whether a level changed cannot be said yet")
        assert f"there are at most {longest}." in first
    else:
        assert first.startswith("No change of level found in the ")


def test_the_other_sentences_are_true_of_the_latest_runs(drawn: pd.DataFrame) -> None:
    text = " ".join(history_page.summary(drawn)[1:])
    drawn = own(drawn)
    pairs = [rows["time"].to_numpy()[-2:] for rows in each(drawn) if len(rows) > 1]
    ratios = [100 * (b / a - 1) for a, b in pairs]
    assert ("from the runs before them" in text) == bool(ratios)
    if ratios:
        assert f"by {min(ratios):+.1f}% to {max(ratios):+.1f}%." in text
        last = [rows[rows["level"] == rows["level"].iloc[-1]]["time"].to_numpy() for rows in each(drawn)]
        last = [times for times in last if len(times) > 1]
        slowest, fastest = (
            sum(times[-1] == times.max() for times in last),
            sum(times[-1] == times.min() for times in last),
        )
        counts = f"{fastest} are the fastest run of their level and {slowest} the"
        assert f"{len(last)} whose level has other runs, {counts}" in text
    behind = [rows["level"].iloc[-1] / rows["level"].min() for rows in each(drawn)]
    slower = [100 * (ratio - 1) for ratio in behind if ratio > 1]
    assert ("best level" in text) == bool(slower)
    if slower:
        assert (
            f"{len(slower)} of {len(behind)} are slower than their best level, by up to {max(slower):+.1f}%"
            in text
        )


def test_the_first_number_is_true_of_the_kernels(drawn: pd.DataFrame) -> None:
    """How many are on a slower level, where levels can be told apart; else the worst change of a run."""
    shown = history_page.first(history.standing(drawn), history_page.names(drawn))
    parts = each(own(drawn))
    changes = [100 * (rows["time"].iloc[-1] / rows["time"].iloc[-2] - 1) for rows in parts if len(rows) > 1]
    if not changes:
        assert shown is None
        return
    text = history_page.page(drawn, [])
    assert text.index(f"{shown.value}</span>") < text.index('class="lede"')
    if max(map(len, parts)) < fewest_runs():
        assert (shown.value, shown.slower) == (f"{max(changes):+.1f}%", max(changes) > 0)
        return
    behind = [100 * (rows["level"].iloc[-1] / rows["level"].min() - 1) for rows in parts]
    slower = [change for change in behind if change > 0]
    assert (shown.value, shown.slower) == (f"{len(slower)} of {len(parts)}", bool(slower))
    assert not slower or f"by up to {max(slower):+.1f}% (" in shown.label


def test_benchmarks_have_names_in_words_in_natural_order_and_others_are_apart(tmp_path: Path) -> None:
    content = recorded.run(0)
    for entry in content["benchmarks"]:
        for old, new in (("d2", "d30"), ("d8", "d8")):
            if entry["group"].endswith(old):
                entry["group"] = f"bce, n = 256, d = {new[1:]}, 1024 runs"
    recorded.store(tmp_path, 0, content)
    table = history.table(runs.read([tmp_path])[0])
    sections = history_page.sections(table)
    shape = "BCE, n = 256, d = {}, 1024 runs{}"
    solvers = ("", ": NumPy", ": kernels, 1 thread")
    assert [one["name"] for one in sections] == [shape.format(d, by) for d in (8, 30) for by in solvers]
    assert [one["name"] for one in sections if not one["ours"]] == [
        shape.format(d, ": NumPy") for d in (8, 30)
    ]
    text = history_page.page(table, [])
    trends, _, others = text.partition('id="peers"')
    assert ": NumPy" in others
    assert ": NumPy" not in trends
    assert "NumPy" not in "".join(history_page.summary(table))
    rows = [line.split("<")[0] for line in trends.split('<th scope="row">')[1:]]
    assert rows == [shape.format(d, by) for d in (8, 30) for by in ("", ": kernels, 1 thread")]


def test_two_benchmarks_of_one_kind_keep_their_own_names(tmp_path: Path) -> None:
    content = recorded.run(0)
    first, second, *_ = content["benchmarks"]
    second["group"], second["extra_info"]["solver"] = first["group"], first["extra_info"]["solver"]
    recorded.store(tmp_path, 0, content)
    names = history_page.names(history.table(runs.read([tmp_path])[0]))
    assert len(set(names.values())) == len(names)
    assert names[first["name"]] == f"MSE, d2 ({first['name']})"


def test_the_latest_runs_are_those_of_the_table(drawn: pd.DataFrame) -> None:
    rows = {(row.benchmark, row.machine): row for row in history.standing(drawn)}
    assert len(rows) == len(each(drawn))
    for own in each(drawn):
        row, last = rows[own["benchmark"].iloc[0], own["machine"].iloc[0]], own.iloc[-1]
        assert (row.commit, row.time, row.runs) == (last["commit"], last["time"], len(own))
        levels = own["level"].nunique()
        assert row.levels == levels
        words = history_page._latest(row, history_page.names(drawn))
        assert len(words) == len(history_page.LATEST)
        shown = words[history_page.LATEST.index("its level to the best level")]
        assert (shown == "one level only") == (levels == 1)


def test_the_page_counts_runs_commits_and_machines(drawn: pd.DataFrame) -> None:
    text = history_page.page(drawn, [])
    files, commits, machines = (drawn[name].nunique() for name in ("file", "commit", "machine"))
    kicker = text.partition('<p class="kicker">')[2].partition("</p>")[0]
    words = [f"{n} {noun}{'s' * (n != 1)}" for n, noun in ((files, "recorded run"), (commits, "commit"))]
    assert (
        " ".join(kicker.split()) == f"{words[0]} of {words[1]} on {machines} machine{'s' * (machines != 1)}"
    )


def test_a_commit_with_and_without_changes_is_one_and_an_unknown_one_is_none(tmp_path: Path) -> None:
    for number, (name, dirty) in enumerate([("a" * 40, False), ("a" * 40, True), ("unknown", False)]):
        content = recorded.run(number)
        content["commit_info"] |= {"id": name, "dirty": dirty}
        recorded.store(tmp_path, number, content)
    text = history_page.page(history.table(runs.read([tmp_path])[0]), [])
    assert "3 recorded runs of 1 commit on 1 machine<" in " ".join(text.split())


def test_no_caption_denies_a_change_that_too_few_runs_could_show(drawn: pd.DataFrame) -> None:
    for section in history_page.sections(drawn):
        for chart in section["charts"]:
            count = int(chart["told"].split()[0])
            assert ("too few runs to detect" in chart["told"]) == (count < fewest_runs())


def test_the_runs_on_a_level_end_where_the_next_begins(tmp_path: Path) -> None:
    table = made(tmp_path, [1.0] * 15 + [1.2] * 15 + [1.0] * 20)
    found = [
        one for one in history.found_changes(table) if one.benchmark == OURS and one.machine != history.ALL
    ]
    assert [one.runs for one in found] == [20, 15]


def test_calibrated_times_below_1_contradict_nothing_on_the_page(drawn: pd.DataFrame) -> None:
    text = history_page.page(drawn, [])
    assert "ceiling" not in text.lower()
    assert "can fall below 1" in text


# --- What users of such histories have reported elsewhere ---------------------------------------------------


def test_small_steps_add_up(tmp_path: Path) -> None:
    # airspeed-velocity/asv#932: two steps, each within the threshold
    for number in range(60):
        factor = 1.0 if number < 20 else 1.04 if number < 40 else 1.08
        recorded.store(tmp_path, number, recorded.run(number, factor=factor, noise=0.003))
    table = history.table(runs.read([tmp_path])[0])
    [one, *_] = [found for found in regressions(table, 0.05) if found.benchmark == OURS]
    assert one.ratio == pytest.approx(1.08, rel=0.01)
    assert one.commit == recorded.commit(40)[:12]


@pytest.mark.parametrize("what", ["a package", "a new package", "Python", "the benchmarks"])
def test_a_change_says_what_else_changed_with_it(what: str, tmp_path: Path) -> None:
    # scikit-learn/scikit-learn#27264, scipy/scipy#4592: an upgrade, or another benchmark, passes for a change
    # of code; airspeed-velocity/asv#563: a new package splits the history
    expected = {
        "a package": "numba 0.67.0 to 0.68.1",
        "a new package": "jax unknown to 0.10.2",
        "Python": "Python 3.11.7 to 3.13.1",
        "the benchmarks": "benchmarks aaaaaaaa to bbbbbbbb",
    }[what]
    for number in range(30):
        late = number >= 20
        content = recorded.run(number, factor=1.2 if late else 1.0)
        content["machine_info"]["packages"] = {"numpy": "2.4.6", "numba": "0.68.1" if late else "0.67.0"}
        content["machine_info"]["packages"] |= {"jax": "0.10.2"} if late else {}
        content["machine_info"]["python_version"] = "3.13.1" if late else "3.11.7"
        content["session"]["benchmarks"] = "b" * 8 if late else "a" * 8
        recorded.store(tmp_path, number, content)
    table = history.table(runs.read([tmp_path])[0])
    changes = history.found_changes(table)
    assert changes
    assert all(expected in change.also and "numpy" not in change.also for change in changes)
    assert expected in history_page.page(table, [])
    assert expected in report(regressions(table, 0.05), 0.05)


def test_a_change_with_nothing_else_changed_says_so(tmp_path: Path) -> None:
    table = made(tmp_path, [1.0] * 20 + [1.2] * 10)
    assert all(change.also == "" for change in history.found_changes(table))
    assert "nothing known" in history_page.page(table, [])


def test_a_file_of_an_old_pytest_benchmark_is_read(tmp_path: Path) -> None:
    # ionelmc/pytest-benchmark#81: what older versions did not write is missing
    content = recorded.run(0)
    for entry in content["benchmarks"]:
        for key in ("data", "ops", "total", "iterations"):
            del entry["stats"][key]
        del entry["params"]
        del entry["extra_info"]
    content["commit_info"] = {"id": recorded.commit(0), "dirty": False}
    content["machine_info"] = {"node": "host", "processor": "x86_64", "cpu": {"brand": "CPU A"}}
    del content["session"]
    recorded.store(tmp_path, 0, content)
    [run], problems = runs.read([tmp_path])
    assert problems == []
    assert len(run.benchmarks) == 6
    assert history_page.page(history.table([run]), problems)


def test_another_name_of_the_host_is_no_other_machine(tmp_path: Path) -> None:
    # airspeed-velocity/asv#148, #944
    for number in range(2):
        content = recorded.run(number)
        content["machine_info"] |= {"node": f"host{number}", "release": str(number)}
        recorded.store(tmp_path, number, content)
    assert len({run.machine for run in runs.read([tmp_path])[0]}) == 1


def test_a_name_keeps_what_its_parameters_hold() -> None:
    assert short("tests/bench/test_x.py::test_y[a::b]") == "test_y[a::b]"
