"""Recorded runs read back, whatever their state, and the table and page made of them."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from pathlib import Path

import browsers
import numpy as np
import pytest
import recorded
from study.benchmarks import history, history_page, record
from study.benchmarks import runs as benchmarks
from study.benchmarks.tables import HISTORY
from study.errors import UserError
from study.tables import store


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 runs on one machine and 20 on another, 20% slower from run 40 on."""
    folder = tmp_path_factory.mktemp("storage")
    for number in range(80):
        machine = "slow" if number % 4 == 0 else "fast"
        recorded.store(
            folder, number, recorded.run(number, machine=machine, factor=1.2 if number >= 40 else 1.0)
        )
    return folder


@pytest.fixture(scope="module")
def rows(storage: Path):
    runs, problems = benchmarks.read([storage])
    assert not problems
    return history.table(runs)


def test_runs_come_in_the_order_of_their_commits_not_of_recording(tmp_path: Path) -> None:
    recorded.store(tmp_path, 1, recorded.run(7))
    recorded.store(tmp_path, 2, recorded.run(3, datetime="2026-06-01T00:00:00+00:00"))
    runs, _ = benchmarks.read([tmp_path, tmp_path / "nowhere"])
    assert [run.commit for run in runs] == [recorded.commit(3), recorded.commit(7)]


def test_times_are_per_sample_run_and_step_and_calibrated_round_by_round(tmp_path: Path) -> None:
    content = recorded.run(0)
    recorded.store(tmp_path, 0, content)
    entry = content["benchmarks"][0]
    row = history.table(benchmarks.read([tmp_path])[0]).set_index("benchmark").loc[entry["name"]]
    data, ceiling = (np.array(x) for x in (entry["stats"]["data"], entry["extra_info"]["ceiling"]))
    assert row["time"] == pytest.approx(np.median(data) / 10**7 * 1e9)
    assert row["calibrated"] == pytest.approx(np.median(data / ceiling))
    assert row["peer_ratio"] == pytest.approx(1.0)


@pytest.mark.parametrize(("size", "outside"), [(5, 0), (6, 0), (9, 1), (15, 3), (20, 5)])
def test_the_interval_of_the_median_is_the_textbook_one(size: int, outside: int) -> None:
    # Conover, Practical Nonparametric Statistics: ranks of the sign-test interval for 95%
    _, low, high = history.median_interval(np.arange(size, dtype=float))
    assert (low, high) == (outside, size - 1 - outside)


def test_a_change_is_found_on_each_machine_and_dated_to_its_commit(rows) -> None:
    found = [
        change for change in history.found_changes(rows) if change.benchmark == "test_descent[kernels-mse-d2]"
    ]
    assert {change.machine for change in found} == {*rows["machine"].unique(), "all, calibrated"}
    for change in found:
        first = 40 if change.machine != "CPU A" else 41
        near = {recorded.commit(k)[:12] for k in range(first - 4, first + 9)}
        assert change.commit in near
        assert change.ratio == pytest.approx(1.2, rel=0.03)
    calibrated = next(change for change in found if change.machine == "all, calibrated")
    assert (calibrated.before, calibrated.commit) == (recorded.commit(39)[:12], recorded.commit(40)[:12])


def test_machines_are_apart_and_calibration_puts_them_on_one_scale(rows) -> None:
    ours = rows[(rows["benchmark"] == "test_descent[kernels-mse-d2]") & (rows["order"] < 40)]
    by_machine = ours.groupby("machine")[["time", "calibrated"]].median()
    assert by_machine["time"].max() / by_machine["time"].min() == pytest.approx(1.7, rel=0.05)
    assert by_machine["calibrated"].max() / by_machine["calibrated"].min() == pytest.approx(1.0, rel=0.02)


BAD = {
    "cut short": (lambda text: text[: len(text) // 2], "no valid JSON"),
    "empty": (lambda text: "", "no valid JSON"),
    "a list": (lambda text: "[]", "not as pytest-benchmark writes it"),
    "no benchmarks": (lambda text: "{}", "not as pytest-benchmark writes it"),
    "no time": (
        lambda text: text.replace('"datetime": "2026', '"datetime": "x2026'),
        "not as pytest-benchmark writes it",
    ),
    "no times in a benchmark": (
        lambda text: re.sub(r'"data": \[.*?\]', '"data": [-1.0]', text, count=1),
        (
            "test_descent[kernels-mse-d2] left out, not as pytest-benchmark writes it "
            "(stats.data.0: -1.0 is not a time"
        ),
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_is_reported_and_the_rest_is_read(kind: str, tmp_path: Path) -> None:
    change, reason = BAD[kind]
    good = recorded.store(tmp_path, 0, recorded.run(0))
    bad = recorded.store(tmp_path, 1, change(json.dumps(recorded.run(1))))
    before = bad.read_text()
    problem, note = history_page.write([tmp_path], tmp_path / "h.csv", tmp_path / "h.html", tmp_path)
    assert bad.name in problem
    assert reason in problem
    assert "unknown here, so placed by time" in note
    rows = store.read(HISTORY, tmp_path / "h.csv")
    assert f"{good.parent.name}/{good.name}" in set(rows["file"])
    assert bad.name in (tmp_path / "h.html").read_text()
    assert bad.read_text() == before


def test_a_renamed_benchmark_and_a_dirty_work_tree_are_reported(tmp_path: Path) -> None:
    recorded.store(tmp_path, 0, recorded.run(0, commit_info={"id": "a" * 40, "time": None, "dirty": True}))
    content = recorded.run(1)
    for key in ("name", "fullname"):
        content["benchmarks"][0][key] = content["benchmarks"][0][key].replace("kernels", "cores")
    recorded.store(tmp_path, 1, content)
    runs, problems = benchmarks.read([tmp_path])
    text = history_page.page(history.table(runs), problems)
    assert "aaaaaaaaaaaa+" in text
    assert "1 run was recorded with changes that were not committed" in text
    assert "renamed, removed or skipped: test_descent[kernels-mse-d2]" in text


def test_no_run_at_all_is_a_page_that_says_so(tmp_path: Path) -> None:
    assert history_page.write([tmp_path], tmp_path / "h.csv", tmp_path / "h.html", tmp_path) == []
    assert "Nothing is recorded yet" in (tmp_path / "h.html").read_text()
    assert store.read(HISTORY, tmp_path / "h.csv").empty


@pytest.mark.integration
def test_pytest_benchmark_still_lists_and_compares(storage: Path) -> None:
    command = [sys.executable, "-m", "pytest_benchmark", f"--storage=file://{storage}"]
    listed = subprocess.run([*command, "list"], capture_output=True, text=True, check=True)
    assert len(listed.stdout.splitlines()) == 80
    compared = subprocess.run(
        [*command, "compare", "0001", "0002"], capture_output=True, text=True, check=True
    )
    assert "test_descent[kernels-mse-d2]" in compared.stdout


def test_the_page_is_the_same_bytes_again(rows) -> None:
    assert history_page.page(rows, []) == history_page.page(rows.copy(), [])


def test_every_chart_has_a_text_alternative_with_its_numbers(rows) -> None:
    text = history_page.page(rows, [])
    labels = re.findall(r'<svg [^>]*aria-label="([^"]+)"', text)
    assert len(labels) == text.count("<svg") > 0
    assert all(re.search(r"\d", label) for label in labels)
    assert not re.search(r"\bnan\b", text)


def test_names_from_a_file_cannot_break_the_page(tmp_path: Path) -> None:
    content = recorded.run(0)
    content["machine_info"]["cpu"]["brand_raw"] = '"><script>alert(1)</script>'
    content["benchmarks"][0]["fullname"] = "x::<img src=y>"
    recorded.store(tmp_path, 0, content)
    text = history_page.page(history.table(benchmarks.read([tmp_path])[0]), [])
    assert "<script" not in text
    assert "<img" not in text


@pytest.mark.integration
def test_the_page_in_a_browser(rows, tmp_path: Path) -> None:
    file = tmp_path / "history.html"
    file.write_text(history_page.page(rows, ["a/b.json: left out"]), encoding="utf-8")
    messages, requests = [], []
    with browsers.running() as browser:
        for width, scheme in ((1400, "light"), (380, "light"), (1400, "dark")):
            page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
            page.on("console", lambda message: messages.append(message.text))
            page.on("pageerror", lambda error: messages.append(str(error)))
            page.on("request", lambda request: requests.append(request.url))
            page.goto(file.as_uri(), wait_until="load")
            wide = page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            assert wide <= 0
            assert page.locator("svg").count() == page.locator("svg[role=img][aria-label]").count() > 0
    assert messages == []
    assert set(requests) == {file.as_uri()}


def test_a_missing_package_is_reported() -> None:
    record.require("pytest")
    with pytest.raises(UserError, match="benchmarks need no-such-package: pip install"):
        record.require("pytest", "no_such_package")


def test_unknown_calibration_is_nan_not_zero(tmp_path: Path) -> None:
    content = recorded.run(0)
    for entry in content["benchmarks"]:
        del entry["extra_info"]["ceiling"]
        del entry["stats"]["data"]
    recorded.store(tmp_path, 0, content)
    rows = history.table(benchmarks.read([tmp_path])[0])
    assert rows["calibrated"].isna().all()
    assert rows["rounds"].eq(3).all()
    assert not any(math.isnan(x) for x in rows["time"])
