"""The page in a real browser: no network, an empty console, and every control does what it says.

Skipped where no browser is installed; with MSE_BCE_REQUIRE_BROWSER=1 that is a failure. What is saved from
the page is tested in `test_saved`, the page in other places in `test_elsewhere`.
"""

from __future__ import annotations

import random
from urllib.parse import parse_qsl

import numpy as np
import pytest
from browsing import CONTRAST, CONTROLS, agree, cell, choice, opened, row, true, unfold
from study import report, wording
from study.figures import FIGURES
from study.figures.style import STYLE
from study.report import explorer
from study.statistics.cells import slowdown
from study.statistics.ends import arrival_steps, arrivals
from study.statistics.headline import Headline
from synthetic import OWN_RATES, PROVENANCE, subset, summaries
from test_explorer import UNKNOWN, UPPER, late

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def data(frames):
    return explorer.build(frames, PROVENANCE.level)


def picture(page, name):
    return page.eval_on_selector(f"#explorer-{name}", "svg => svg.innerHTML")


def test_the_page_opens_silent_and_small(browser, file, data, frames):
    assert file.stat().st_size < 3_000_000
    with opened(browser, file) as page:
        agree(page, data)
        headline = Headline.read(frames["headline"])
        setting, target = headline.setting, headline.target
        shown = choice(page)
        assert (shown["data"], float(shown["separability"]), shown["target"]) == (*setting, target)
        assert (shown["start"], float(shown["scale"])) == ("sure_wrong", headline.confidence)
        assert (shown["policy"], float(shown["rate"])) == ("equal", headline.rate)
        true(page, frames)
        assert page.locator("#explorer-survival polyline").count() == 2
        assert page.locator("#explorer-curves polygon").count() == 2


@pytest.mark.parametrize(
    ("control", "value", "moved"),
    [
        ("data", "separable", "survival curves"),
        ("separability", "8", "survival curves"),
        ("start", "normal", "survival curves"),
        ("start", "wrong", "survival curves"),
        ("scale", "0.9", "survival curves"),
        ("policy", "tuned", "survival curves"),
        ("policy", "equal_no_half", "survival curves"),
        ("rate", "4", "survival curves"),
        ("target", "logloss", "survival curves"),
    ],
)
def test_every_control_changes_what_it_should(browser, file, data, frames, control, value, moved):
    with opened(browser, file) as page:
        before = choice(page), {name: picture(page, name) for name in ("survival", "curves")}
        page.select_option(f"#explorer-{control}", value)
        after = choice(page)
        assert after[control] == value
        assert {name for name in CONTROLS if after[name] != before[0][name]} >= {control}
        agree(page, data)
        for name in moved.split():
            assert picture(page, name) != before[1][name], name
        assert f"{control}={value}" in page.evaluate("location.hash")
        labels = [page.get_attribute(f"#explorer-{name}", "aria-label") for name in ("survival", "curves")]
        assert all(label and "by step" in label for label in labels)
        true(page, frames)


def test_the_charts_say_their_ends_in_words(browser, file, data, frames):
    """As in the text alternatives of the figures: where each line that is shown begins and ends."""
    link = "#explore?data=gaussian&separability=4&start=right&scale=2&rate=1&target=accuracy"
    with opened(browser, file, link) as page:
        label = (
            "Share of runs not yet at the target, by step. "
            "MSE: 0% at the start, 0% when their budget ended, median 0 steps;"
        )
        assert page.get_attribute("#explorer-survival", "aria-label").startswith(label)
    rows = frames["curves"].query(
        "dataset == 'gaussian' and separability == 2 and initialisation == 'wrong' "
        "and scale == 8 and rate == 1"
    )
    with opened(
        browser, file, "#explore?data=gaussian&separability=2&start=wrong&scale=8&target=brier"
    ) as page:
        cell_here, label = cell(data, choice(page)), page.get_attribute("#explorer-survival", "aria-label")
        for i, loss in enumerate(("MSE", "BCE")):
            left, median = cell_here[10 + i], cell_here[4 + i]
            said = f"{loss}: 100% at the start, {left} when their budget ended, median {median} steps"
            assert said in label
        label, note = (
            page.get_attribute("#explorer-curves", "aria-label"),
            page.inner_text("#explorer-curves-note"),
        )
        assert "Runs behind them: MSE: 4; BCE: 4." in note
        for loss in ("MSE", "BCE"):
            runs = (
                rows[rows["loss"] == loss.lower()]
                .pivot_table(index="step", columns="run", values="brier")
                .ffill()
            )
            first, last = (
                wording.number(float(np.median(runs.loc[end])), digits=2) for end in (1, runs.index[-1])
            )
            assert f"{loss}: {first} at step 1, {last} at step " in label
        page.check("input[name=explorer-show][value=mse]")
        for name in ("survival", "curves"):
            assert "BCE" not in page.get_attribute(f"#explorer-{name}", "aria-label")
        assert "BCE" not in page.inner_text("#explorer-curves-note")


def test_without_a_learning_curve_a_sentence_takes_its_place(browser, file, frames, pictures, tmp_path):
    with opened(browser, file) as page:
        assert not page.is_visible("#explorer-curves-none")
    path = tmp_path / "none.html"
    none = frames | {"curves": frames["curves"].iloc[:0]}
    path.write_text(report.page(none, PROVENANCE, pictures), encoding="utf-8")
    with opened(browser, path) as page:
        assert page.is_visible("#explorer-curves-none")
        assert not page.is_visible("#explorer-curves-figure")


@pytest.mark.parametrize(
    ("control", "values"),
    [
        ("policy", ("tuned", "equal")),
        ("policy", ("smoothness", "equal")),
        ("policy", ("equal_no_half", "tuned", "equal_no_half", "equal")),
        ("start", ("zero", "wrong")),
    ],
)
def test_what_was_chosen_comes_back_where_it_can(browser, file, frames, control, values):
    """A choice that another control makes impossible returns later: 1/L, each at its best, and 1/L again."""
    link = "#explore?data=gaussian&separability=8&start=wrong&scale=8&policy=equal&rate=1&target=brier"
    with opened(browser, file, link) as page:
        before = choice(page)
        for value in values:
            page.select_option(f"#explorer-{control}", value)
            assert page.inner_text("#explorer-told") == ""
            true(page, frames)
        assert choice(page) == before


def test_no_other_choice_changes_without_notice(browser, file, frames):
    """A random walk: no control that the reader did not touch changes its value without a notice."""
    draw = random.Random(1)
    labels = """() => Object.fromEntries([...document.querySelectorAll(".choices select")].map(select =>
      [select.id.slice(9), [select.value, select.labels[0].textContent, select.options.length]]))"""
    named = 0
    with opened(browser, file) as page:
        for _ in range(60):
            before = page.evaluate(labels)
            control = draw.choice([name for name in CONTROLS if page.is_enabled(f"#explorer-{name}")])
            values = page.eval_on_selector_all(
                f"#explorer-{control} option:not(:disabled)", "all => all.map(one => one.value)"
            )
            page.select_option(f"#explorer-{control}", draw.choice(values))
            after, notice = page.evaluate(labels), page.inner_text("#explorer-told")
            for name in set(CONTROLS) - {control}:
                (old, _, had), (new, label, has) = before[name], after[name]
                if old != new and min(had, has) > 1:
                    assert label in notice, (control, name)
                    named += 1
            true(page, frames)
    assert named > 0  # there was something to name


def test_both_charts_are_of_the_rates_that_are_chosen(browser, file, frames):
    """Learning curves are recorded at one rate, and may not be shown for another."""
    own = wording.number(OWN_RATES["mse"])
    with opened(browser, file, "#explore?data=gaussian&separability=4&start=wrong&scale=2&rate=1") as page:
        assert page.locator("#explorer-curves polygon").count() == 2
        assert page.inner_text("#explorer-curves-none") == ""
        page.select_option("#explorer-rate", "4")
        assert not page.is_visible("#explorer-curves-figure")
        none = (
            "No learning curve was recorded here of MSE at 4/L and BCE at 4/L. "
            "Curves are recorded at 1/L alone."
        )
        assert page.inner_text("#explorer-curves-none") == none
        page.select_option("#explorer-policy", "smoothness")
        assert row(frames, choice(page))["rate_bce"] == 1
        assert page.locator("#explorer-curves polygon").count() == 1
        assert page.locator("#explorer-curves polygon.bce").count() == 1
        assert page.inner_text("#explorer-curves-none").startswith(
            f"No learning curve was recorded here of MSE at {own}/L."
        )
        assert page.locator("#explorer-survival polyline").count() == 2


def test_without_its_half_mse_has_the_curve_of_twice_the_rate_where_one_is_recorded(
    browser, file, frames, pictures, tmp_path
):
    link = "#explore?data=gaussian&separability=4&start=wrong&scale=2&policy=equal_no_half&target=brier&rate="
    with opened(browser, file, link + "1") as page:
        assert page.input_value("#explorer-rate") == "1"
        assert page.locator("#explorer-curves polygon").count() == 1
        assert page.locator("#explorer-curves polygon.bce").count() == 1
        none = (
            "No learning curve was recorded here of MSE at 2/L (1/L without its ½). "
            "Curves are recorded at 1/L alone."
        )
        assert page.inner_text("#explorer-curves-none") == none
        page.select_option("#explorer-rate", "4")
        assert not page.is_visible("#explorer-curves-figure")
        assert "of MSE at 8/L (4/L without its ½) and BCE at 4/L." in page.inner_text("#explorer-curves-none")
        true(page, frames)
    runs = frames["runs"].copy()
    runs.loc[(runs["loss"] == "bce") & (runs["rate"] == 0.25), "rate"] = 0.5
    changed = frames | {"runs": runs, **summaries(runs, resamples=19)}
    path = tmp_path / "half.html"
    path.write_text(report.page(changed, PROVENANCE, pictures), encoding="utf-8")
    with opened(browser, path, link.replace("equal_no_half", "equal") + "1") as page:
        line = page.get_attribute("#explorer-curves polyline.mse", "points")
        page.select_option("#explorer-policy", "equal_no_half")
        page.select_option("#explorer-rate", "0.5")
        assert page.locator("#explorer-curves polygon.mse").count() == 1
        assert page.get_attribute("#explorer-curves polyline.mse", "points").split()[0] == line.split()[0]
        assert "of BCE at 0.5/L." in page.inner_text("#explorer-curves-none")
        true(page, changed)


def test_a_tuned_chart_says_that_it_is_of_other_runs_than_the_result(browser, file, frames):
    """The result is cross-fitted; its runs are not all at one rate, and the chart's are."""
    link = "#explore?data=gaussian&separability=4&start=wrong&scale=2&policy=tuned&target=logloss"
    with opened(browser, file, link) as page:
        found = row(frames, choice(page))
        drawn = frames["arrivals"].query(
            "dataset == 'gaussian' and separability == 4 and initialisation == 'wrong' and scale == 2 "
            f"and loss == 'bce' and target == 'logloss' and rate == {found['rate_bce']}"
        )
        assert (found["bce_reached"], drawn["reached"].item()) == (6, 8)  # the chart ends elsewhere
        assert "chosen on all seeds" in page.inner_text("#explorer-where")
        label = page.get_attribute("#explorer-survival", "aria-label")
        rates = [wording.number(found[f"rate_{loss}"]) for loss in ("mse", "bce")]
        assert label.endswith(f"by step. MSE at {rates[0]}/L; BCE at {rates[1]}/L.")
        page.select_option("#explorer-policy", "smoothness")
        assert "chosen on all seeds" not in page.inner_text("#explorer-where")


def test_a_start_that_a_data_set_has_not_cannot_be_chosen(browser, frames, pictures, tmp_path):
    """Starts may be limited to some data sets: the choice changes, says so, and comes back."""
    few = subset(frames, lambda r: (r["initialisation"] != "wrong") | (r["dataset"] == "gaussian"))
    path = tmp_path / "limited.html"
    path.write_text(report.page(few, PROVENANCE, pictures), encoding="utf-8")
    with opened(browser, path, "#explore?data=gaussian&separability=4&start=wrong&scale=8&rate=1") as page:
        before = choice(page)
        page.select_option("#explorer-data", "breast_cancer")
        assert page.locator("#explorer-start option[value=wrong]").is_disabled()
        notices = [
            "Initialisation: no “wrong” here, “sure wrong” is shown.",
            "Probability: no “8” here, “0.999” is shown.",
        ]
        assert page.inner_text("#explorer-told") == " ".join(notices)
        true(page, few)
        page.select_option("#explorer-data", "gaussian")
        assert page.inner_text("#explorer-told") == "Initialisation: “wrong” again. Scale: “8” again."
        assert choice(page) == before
        true(page, few)


def test_medians_of_0_steps_next_to_a_ratio_are_explained(browser, frames, pictures, tmp_path):
    """From a right start most runs arrive before the first step: medians are 0, the ratio is of the rest."""
    runs = frames["runs"].copy()
    here = (runs["dataset"] == "gaussian") & (runs["separability"] == 4) & (runs["initialisation"] == "right")
    here &= (runs["scale"] == 2) & (runs["target"] == "accuracy")
    runs.loc[here & (runs["seed"] == 0) & (runs["loss"] == "mse"), "step"] = 34
    runs.loc[here & (runs["seed"] == 0) & (runs["loss"] == "bce"), "step"] = 3
    cells = slowdown(runs, OWN_RATES)
    changed = frames | {"runs": runs, "slowdown": cells, "arrivals": arrivals(runs)}
    changed |= {"arrival_steps": arrival_steps(runs, 40)}
    path = tmp_path / "right.html"
    path.write_text(report.page(changed, PROVENANCE, pictures), encoding="utf-8")
    link = "#explore?data=gaussian&separability=4&start=right&scale=2&policy=equal&rate=1&target=accuracy"
    with opened(browser, path, link) as page:
        assert page.inner_text("#explorer-value") == "11.3\N{MULTIPLICATION SIGN}"
        steps = page.inner_text("#explorer-steps")
        assert (
            "MSE: median 0 steps, 8 of 8 runs arrived. BCE: median 0 steps, 8 of 8 runs arrived. In 7 of 8"
            in steps
        )
        true(page, changed)


def test_where_it_is_worst_is_listed_for_the_choice_and_can_be_shown(browser, file, data, frames):
    cells = frames["slowdown"]
    with opened(browser, file) as page:
        page.click("#explorer-worst summary")
        lists = []
        for control, value in (
            ("policy", "tuned"),
            ("target", "logloss"),
            ("policy", "equal"),
            ("rate", "4"),
        ):
            page.select_option(f"#explorer-{control}", value)
            kept = {name: choice(page)[name] for name in ("policy", "rate", "target")}
            items = page.locator("#explorer-worst li").all()
            lists.append([item.inner_text() for item in items])
            items[0].locator("button").press("Enter")
            assert page.evaluate("document.activeElement.id") == "explorer-result"
            assert page.inner_text("#explorer-told") == ""
            shown = choice(page)
            assert kept == {name: shown[name] for name in kept}
            here = cells[(cells["policy"] == shown["policy"]) & (cells["target"] == shown["target"])]
            here = here[here["rate"] == float(shown["rate"])] if shown["rate"] else here
            assert row(frames, shown)["slowdown"] == here["slowdown"].max()
            assert lists[-1][0].startswith(f"{page.inner_text('#explorer-value')} {shown['data']}")
            assert f"data={shown['data']}" in page.evaluate("location.hash")
            agree(page, data)
            true(page, frames)
        assert len({tuple(one) for one in lists}) == len(lists)


def test_the_lines_can_be_chosen(browser, file):
    with opened(browser, file) as page:
        for loss in ("mse", "bce"):
            page.check(f"input[name=explorer-show][value={loss}]")
            assert page.locator("#explorer-survival polyline").count() == 1
            assert page.locator(f"#explorer-survival polyline.{loss}").count() == 1
            assert page.locator(f"#explorer-curves polygon.{loss}").count() == 1


def test_every_cell_can_be_reached_and_reads_as_python_wrote_it(browser, file, data):
    """Walk over all settings and starts: what is impossible is disabled, what is shown agrees."""
    with opened(browser, file) as page:
        for setting in data["settings"]:
            page.select_option("#explorer-data", setting["name"])
            if setting["separability"]:
                page.select_option("#explorer-separability", setting["separability"])
            else:
                assert page.is_disabled("#explorer-separability")
            for start in ("zero", "right", "sure_right"):
                page.select_option("#explorer-start", start)
                assert page.is_disabled("#explorer-scale") == (start != "right")  # others have one
                agree(page, data)
        for policy in ("equal", "equal_no_half"):
            page.select_option("#explorer-policy", policy)
            for rate in ("0.25", "4", "1"):
                page.select_option("#explorer-rate", rate)
                agree(page, data)
        page.select_option("#explorer-policy", "smoothness")
        assert page.is_disabled("#explorer-rate")
        agree(page, data)


@pytest.mark.parametrize(
    ("missed", "words"),
    [
        (UPPER, "an upper limit: in 4 of 8 pairs BCE had not arrived after 5,000 steps, MSE had"),
        (
            UNKNOWN,
            (
                "No ratio can be given: in 5 of 8 pairs neither loss had arrived after 5,000 steps, "
                "in 1 only MSE had"
            ),
        ),
        ({}, "No ratio can be given: the target held before the first step in 8 of 8 pairs"),
    ],
)
def test_a_cell_without_a_ratio_reads_as_one(browser, frames, pictures, tmp_path, missed, words):
    changed = late(frames, **missed)
    path = tmp_path / "late.html"
    path.write_text(report.page(changed, PROVENANCE, pictures), encoding="utf-8")
    zero = "#explore?data=gaussian&separability=1&start=zero&policy=equal&rate=1&target=brier"
    held = "#explore?data=gaussian&separability=4&start=right&scale=2&target=accuracy"
    with opened(browser, path, zero if missed else held) as page:
        agree(page, explorer.build(changed, PROVENANCE.level))
        text = " ".join(page.inner_text(".result > p:has(#explorer-value)").split())
        assert text.endswith(words)
        assert "unknown" not in text
        assert "none" not in text


def test_what_gives_way_is_named(browser, frames, pictures, tmp_path):
    """A study without tuned rates for one data set: the choice falls back, and says so."""
    cells = frames["slowdown"]
    few = cells[(cells["dataset"] != "separable") | (cells["policy"] != "tuned")]
    path = tmp_path / "few.html"
    path.write_text(report.page(frames | {"slowdown": few}, PROVENANCE, pictures), encoding="utf-8")
    with opened(browser, path) as page:
        page.select_option("#explorer-policy", "tuned")
        assert page.inner_text("#explorer-told") == ""
        page.select_option("#explorer-data", "separable")
        assert page.input_value("#explorer-policy") != "tuned"
        assert page.locator("#explorer-policy option[value=tuned]").is_disabled()
        notices = [
            "Separability (margin): no “4” here, “0.1” is shown.",
            "Learning rates: no “each at its best rate” here, “equal rates” is shown.",
        ]
        assert page.inner_text("#explorer-told") == " ".join(notices)
        page.select_option("#explorer-data", "breast_cancer")
        assert page.inner_text("#explorer-told") == "Learning rates: “each at its best rate” again."
        page.select_option("#explorer-target", "logloss")
        assert page.inner_text("#explorer-told") == ""


def test_an_address_opens_its_choice(browser, file, data):
    data_set = "digits%20%3C3%3E%20%26%208"
    address = f"#explore?data={data_set}&start=wrong&scale=2&policy=equal&rate=4&target=accuracy&show=mse"
    with opened(browser, file, address) as page:
        shown = choice(page)
        assert (shown["data"], shown["scale"], shown["rate"], shown["target"]) == (
            "digits <3> & 8",
            "2",
            "4",
            "accuracy",
        )
        assert page.is_checked("input[name=explorer-show][value=mse]")
        agree(page, data)
        page.evaluate("location.hash = '#explore?data=gaussian&separability=8&scale=8'")
        page.wait_for_function("document.getElementById('explorer-separability').value === '8'")
        agree(page, data)


def in_address(page):
    """The choice in the address."""
    return dict(parse_qsl(page.evaluate("location.hash").removeprefix("#explore?")))


@pytest.mark.parametrize(
    ("link", "notice"),
    [
        ("data=nowhere", "Data set: no “nowhere” here, “{data}” is shown."),
        (
            "data=gaussian&separability=3",
            "Separability (d\N{PRIME}): no “3” here, “{separability}” is shown.",
        ),
        ("data=separable&separability=2", "Separability (margin): no “2” here, “{separability}” is shown."),
        ("data=breast_cancer&separability=2", "Separability: no “2” here, “as it is” is shown."),
        ("start=sideways", "Initialisation: no “sideways” here, “sure wrong” is shown."),
        ("start=wrong&scale=7", "Scale: no “7” here, “{scale}” is shown."),
        ("start=sure_wrong&scale=2", "Probability: no “2” here, “0.999” is shown."),
        ("policy=equal_no_half&rate=2", "Common rate: no “2” here, “{rate}/L” is shown."),
        ("start=zero&scale=2", "Scale: no “2” here, “none” is shown."),
        ("policy=best", "Learning rates: no “best” here, “equal rates” is shown."),
        ("rate=7", "Common rate: no “7” here, “{rate}/L” is shown."),
        ("policy=tuned&rate=4", "Common rate: no “4” here, “set by the policy” is shown."),
        ("target=luck", "Target: no “luck” here, “Brier score” is shown."),
        ("show=none", "Lines: no “none” here, “both” is shown."),
        ("data=%E0%A4%A", "Data set: no “%E0%A4%A” here, “{data}” is shown."),
        (
            "scale=7&show=none",
            "Probability: no “7” here, “{scale}” is shown. Lines: no “none” here, “both” is shown.",
        ),
    ],
)
def test_a_link_to_what_is_not_there_says_so_and_is_put_right(browser, file, data, link, notice):
    with opened(browser, file, "#explore?" + link) as page:
        shown = choice(page)
        assert page.inner_text("#explorer-told") == notice.format(**shown)
        assert in_address(page) == {name: value for name, value in shown.items() if value} | {"show": "both"}
        agree(page, data)
        page.select_option("#explorer-target", "logloss")
        assert page.inner_text("#explorer-told") == ""


def test_a_valid_link_gives_no_notice_and_what_it_leaves_out_is_the_default(browser, file, data):
    """Every address that the page itself makes, and one that names the data alone."""
    with opened(browser, file) as page:
        usual = choice(page)
        page.evaluate("location.hash = '#explore?data=separable'")
        page.wait_for_function("() => location.hash.includes('target=')")
        assert page.inner_text("#explorer-told") == ""
        assert choice(page) == usual | {"data": "separable", "separability": choice(page)["separability"]}
        for control, value in (("start", "zero"), ("data", "breast_cancer"), ("policy", "tuned")):
            page.select_option(f"#explorer-{control}", value)
            assert page.inner_text("#explorer-told") == ""
        made = page.evaluate("location.hash")
        shown = choice(page)
    with opened(browser, file, made) as page:
        assert page.inner_text("#explorer-told") == ""
        assert choice(page) == shown


def test_the_keyboard_is_enough(browser, file, data):
    with opened(browser, file) as page:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.focus("#explorer-data")
        for name in CONTROLS[1:]:
            page.keyboard.press("Tab")
            assert page.evaluate("document.activeElement.id") == f"explorer-{name}"
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline == "solid"
        page.focus("#explorer-scale")
        before = page.input_value("#explorer-scale")
        page.keyboard.press("ArrowUp")
        assert page.input_value("#explorer-scale") != before
        agree(page, data)
        page.focus("input[name=explorer-show][value=both]")
        page.keyboard.press("ArrowRight")
        assert page.is_checked("input[name=explorer-show][value=mse]")
        status = page.locator(".result")
        assert (status.get_attribute("role"), status.get_attribute("aria-live")) == ("status", "polite")


@pytest.mark.parametrize("width", [320, 390, 768, 1400])
def test_nothing_overflows(browser, file, width):
    with opened(browser, file, viewport={"width": width, "height": 844}) as page:
        page.eval_on_selector_all("details", "all => all.forEach(one => { one.open = true; })")
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [320, 390, 768, 1000, 1400])
def test_on_a_narrow_screen_figures_keep_their_letters_legible_and_scroll_by_themselves(browser, file, width):
    sizes = """all => all.map(svg => svg.getBoundingClientRect().width / svg.viewBox.baseVal.width)"""
    narrow = width < 640
    with opened(browser, file, viewport={"width": width, "height": 844}) as page:
        unfold(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        found = page.eval_on_selector_all("main figure svg:not(.chart)", sizes)
        assert len(found) == len(FIGURES) - 1  # the neuron's is on the first screen
        assert min(found) * SMALLEST >= (
            15 if narrow else 12.5
        )  # matplotlib's points are the picture's units
        cues = page.locator("main .cue").all()
        assert [cue.is_visible() for cue in cues] == [narrow] * len(found)
        for name in ("phase", "slowdown"):
            region = page.locator(f"figure[data-name={name}] [role=region]")
            assert region.get_attribute("aria-label")
            region.focus()
            page.keyboard.press("ArrowRight")
            if narrow:
                page.wait_for_function(
                    f"() => document.querySelector('[data-name={name}] .broad').scrollLeft"
                )
            else:
                assert region.evaluate("region => region.scrollWidth <= region.clientWidth")


SMALLEST = STYLE["legend.fontsize"]


def test_letters_of_the_charts_keep_their_size(browser, file):
    size = """all => all.map(svg => svg.getBoundingClientRect().width / svg.viewBox.baseVal.width
      * parseFloat(getComputedStyle(svg.querySelector('text')).fontSize))"""
    with opened(browser, file, viewport={"width": 320, "height": 844}) as page:
        for width in (320, 390, 768, 1400):  # turned or resized, the charts are drawn again
            page.set_viewport_size({"width": width, "height": 844})
            page.wait_for_function("width => innerWidth === width", arg=width)
            page.evaluate("() => new Promise(requestAnimationFrame)")
            found = page.eval_on_selector_all("svg.chart", size)
            assert len(found) == 3  # two of the explorer, and the neuron's
            assert min(found) >= 12, width
            assert max(found) <= 20, width


@pytest.mark.parametrize("width", [320, 390])
def test_captions_wrap_to_what_is_seen_of_their_table(browser, file, width):
    ends = """all => all.map(span => { const seen = span.closest(".scroll");
      const at = seen.getBoundingClientRect(), out = [];
      for (const left of [0, seen.scrollWidth]) {
        seen.scrollLeft = left; const text = span.getBoundingClientRect();
        out.push(text.left - at.left, at.right - text.right); } return out; })"""
    with opened(browser, file, viewport={"width": width, "height": 844}) as page:
        page.eval_on_selector_all("details", "all => all.forEach(one => { one.open = true; })")
        found = page.eval_on_selector_all(".scroll caption span:not(.unseen)", ends)
        assert len(found) > 4
        assert all(space >= 0 for spaces in found for space in spaces), found


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_both_schemes(browser, file, scheme):
    with opened(browser, file, color_scheme=scheme) as page:
        page.eval_on_selector_all("details", "all => all.forEach(one => { one.open = true; })")
        found = page.evaluate(CONTRAST)
        assert len(found) > 100
        assert found[0][0] >= 4.5, found[:5]
