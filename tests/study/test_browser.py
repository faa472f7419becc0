"""The page in a real browser: nothing from the network, nothing on the console, and every control does what it says.

Skipped where no browser is installed; with MSE_BCE_REQUIRE_BROWSER=1 that is a failure.
"""

from __future__ import annotations

from contextlib import contextmanager
from urllib.parse import parse_qsl

import browsers
import numpy as np
import pytest
from study import figures as figure_register
from study import report, wording
from study.report import explorer
from study.statistics.headline import Headline
from test_explorer import UNKNOWN, UPPER, late
from test_report import PROVENANCE

CONTROLS = ("data", "separability", "start", "scale", "policy", "rate", "target")


@pytest.fixture(scope="module")
def browser():
    """A running browser, or a reason to skip."""
    with browsers.running() as running:
        yield running


@pytest.fixture(scope="module")
def file(frames, pictures, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(report.page(frames, PROVENANCE, pictures), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def data(frames):
    return explorer.build(frames, PROVENANCE.level)


@contextmanager
def opened(browser, file, address="", **options):
    """The page, open; in the end nothing was asked of the network and nothing complained."""
    context = browser.new_context(**options)
    page, requests, complaints = context.new_page(), [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(file.as_uri() + address)
    yield page
    context.close()
    assert complaints == []
    # Pictures that are saved are drawn from data: addresses, which are no requests to anywhere.
    assert {url.split("#")[0] for url in requests if not url.startswith(("data:", "blob:"))} == {file.as_uri()}


def choice(page):
    return {name: page.input_value(f"#explorer-{name}") for name in CONTROLS}


def cell(data, chosen):
    """What Python wrote for a choice."""
    setting = next(
        i
        for i, s in enumerate(data["settings"])
        if (s["name"], s["separability"] or "") == (chosen["data"], chosen["separability"])
    )
    start = next(
        i for i, s in enumerate(data["starts"]) if (s["name"], s["scale"]) == (chosen["start"], chosen["scale"])
    )
    policy = next(
        i
        for i, p in enumerate(data["policies"])
        if (p["policy"], p.get("rate", "")) == (chosen["policy"], chosen["rate"])
    )
    target = next(i for i, t in enumerate(data["targets"]) if t["key"] == chosen["target"])
    return data["cells"][setting][start][policy][target]


def agree(page, data):
    """The words shown are those of the chosen cell."""
    told = cell(data, choice(page))
    assert page.inner_text("#explorer-value") == (told[0] or "")
    label = "as many steps with MSE as with BCE" if told[0] else "No ratio can be given:"
    assert page.inner_text("#explorer-label") == label
    assert page.inner_text("#explorer-interval") == told[1]
    steps = page.inner_text("#explorer-steps")
    assert f"MSE: median {told[4]} steps, {told[6]} of {told[8]} runs arrived" in steps
    assert f"BCE: median {told[5]} steps, {told[7]} of {told[8]} runs arrived" in steps


def picture(page, name):
    return page.eval_on_selector(f"#explorer-{name}", "svg => svg.innerHTML")


def test_the_page_opens_silent_and_small(browser, file, data, frames):
    assert file.stat().st_size < 5_000_000
    with opened(browser, file) as page:
        agree(page, data)
        headline = Headline.read(frames["headline"])
        setting, target = headline.setting, headline.target
        shown = choice(page)
        assert (shown["data"], float(shown["separability"]), shown["start"], shown["target"]) == (
            *setting,
            "wrong",
            target,
        )
        assert page.locator("#explorer-survival polyline").count() == 2
        assert page.locator("#explorer-curves polygon").count() == 2


@pytest.mark.parametrize(
    ("control", "value", "moved"),
    [
        ("data", "separable", "survival curves"),
        ("separability", "8", "survival curves"),
        ("start", "normal", "survival curves"),
        ("scale", "8", "survival curves"),
        ("policy", "tuned", "survival"),
        ("rate", "4", "survival"),
        ("target", "logloss", "survival curves"),
    ],
)
def test_every_control_changes_what_it_should(browser, file, data, control, value, moved):
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


def test_the_charts_say_their_ends_in_words(browser, file, data, frames):
    """As the text alternatives of the figures do: where each line begins and ends, of the lines that are shown."""
    link = "#explore?data=gaussian&separability=4&start=right&scale=2&rate=1&target=accuracy"
    with opened(browser, file, link) as page:
        label = (
            "Share of runs not yet at the target, by step. MSE: 0% at the start, 0% after 5,000 steps, median 0 steps;"
        )
        assert page.get_attribute("#explorer-survival", "aria-label").startswith(label)
    rows = frames["curves"].query(
        "dataset == 'gaussian' and separability == 2 and initialisation == 'wrong' and scale == 8 and rate == 1"
    )
    with opened(browser, file, "#explore?data=gaussian&separability=2&start=wrong&scale=8&target=brier") as page:
        cell_here, label = cell(data, choice(page)), page.get_attribute("#explorer-survival", "aria-label")
        for i, loss in enumerate(("MSE", "BCE")):
            assert (
                f"{loss}: 100% at the start, {cell_here[10 + i]} after 5,000 steps, median {cell_here[4 + i]} steps"
                in label
            )
        label, note = page.get_attribute("#explorer-curves", "aria-label"), page.inner_text("#explorer-curves-note")
        assert "Runs behind them: MSE: 4; BCE: 4." in note
        for loss in ("MSE", "BCE"):
            runs = rows[rows["loss"] == loss.lower()].pivot_table(index="step", columns="run", values="brier").ffill()
            first, last = (wording.number(float(np.median(runs.loc[end])), digits=2) for end in (1, runs.index[-1]))
            assert f"{loss}: {first} at step 1, {last} at step " in label
        page.check("input[name=explorer-show][value=mse]")
        for name in ("survival", "curves"):
            assert "BCE" not in page.get_attribute(f"#explorer-{name}", "aria-label")
        assert "BCE" not in page.inner_text("#explorer-curves-note")


def test_without_a_learning_curve_a_sentence_stands_in_its_place(browser, file, frames, pictures, tmp_path):
    with opened(browser, file) as page:
        assert not page.is_visible("#explorer-curves-none")
    path = tmp_path / "none.html"
    none = frames | {"curves": frames["curves"].iloc[:0]}
    path.write_text(report.page(none, PROVENANCE, pictures), encoding="utf-8")
    with opened(browser, path) as page:
        assert page.is_visible("#explorer-curves-none")
        assert not page.is_visible("#explorer-curves-figure")


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
            for start in ("zero", "right"):
                page.select_option("#explorer-start", start)
                assert page.is_disabled("#explorer-scale") == (start == "zero")
                agree(page, data)
        page.select_option("#explorer-policy", "smoothness")
        assert page.is_disabled("#explorer-rate")
        agree(page, data)


@pytest.mark.parametrize(
    ("missed", "words"),
    [
        (UPPER, "an upper limit: in 4 of 6 pairs BCE had not arrived after 5,000 steps, MSE had"),
        (
            UNKNOWN,
            "No ratio can be given: in 5 of 6 pairs neither loss had arrived after 5,000 steps, in 1 only MSE had",
        ),
        ({}, "No ratio can be given: the target held before the first step in 6 of 6 pairs"),
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
        told = " ".join(page.inner_text(".result > p:has(#explorer-value)").split())
        assert told.endswith(words)
        assert "unknown" not in told
        assert "none" not in told


def test_what_gives_way_is_told(browser, frames, pictures, tmp_path):
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
        told = [
            "Separability (margin): no “4” here, “0.1” is shown.",
            "Learning rates: no “each at its best rate” here, “equal rates” is shown.",
        ]
        assert page.inner_text("#explorer-told") == " ".join(told)
        page.select_option("#explorer-data", "breast_cancer")
        assert page.inner_text("#explorer-told") == ""


def test_an_address_opens_its_choice(browser, file, data):
    address = (
        "#explore?data=digits%20%3C3%3E%20%26%208&start=wrong&scale=2&policy=equal&rate=4&target=accuracy&show=mse"
    )
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


def asked(page):
    """The choice that stands in the address."""
    return dict(parse_qsl(page.evaluate("location.hash").removeprefix("#explore?")))


@pytest.mark.parametrize(
    ("link", "told"),
    [
        ("data=nowhere", "Data set: no “nowhere” here, “{data}” is shown."),
        ("data=gaussian&separability=3", "Separability (d\N{PRIME}): no “3” here, “{separability}” is shown."),
        ("data=separable&separability=2", "Separability (margin): no “2” here, “{separability}” is shown."),
        ("data=breast_cancer&separability=2", "Separability: no “2” here, “as it is” is shown."),
        ("start=sideways", "Initialisation: no “sideways” here, “{start}” is shown."),
        ("start=wrong&scale=7", "Scale: no “7” here, “{scale}” is shown."),
        ("start=zero&scale=2", "Scale: no “2” here, “none” is shown."),
        ("policy=best", "Learning rates: no “best” here, “each at its own 1/L” is shown."),
        ("rate=7", "Common rate: no “7” here, “{rate}/L” is shown."),
        ("policy=tuned&rate=4", "Common rate: no “4” here, “set by the policy” is shown."),
        ("target=luck", "Target: no “luck” here, “Brier score” is shown."),
        ("show=none", "Lines: no “none” here, “both” is shown."),
        ("data=%E0%A4%A", "Data set: no “%E0%A4%A” here, “{data}” is shown."),
        ("scale=7&show=none", "Scale: no “7” here, “{scale}” is shown. Lines: no “none” here, “both” is shown."),
    ],
)
def test_a_link_to_what_is_not_there_says_so_and_is_put_right(browser, file, data, link, told):
    with opened(browser, file, "#explore?" + link) as page:
        shown = choice(page)
        assert page.inner_text("#explorer-told") == told.format(**shown)
        assert asked(page) == {name: value for name, value in shown.items() if value} | {"show": "both"}
        agree(page, data)
        page.select_option("#explorer-target", "logloss")
        assert page.inner_text("#explorer-told") == ""


def test_a_link_that_holds_is_silent_and_what_it_leaves_out_is_usual(browser, file, data):
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
        page.keyboard.press("ArrowDown")
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


@pytest.mark.parametrize("width", [320, 390, 1400])
def test_the_figure_of_many_letters_keeps_its_width_and_scrolls_by_itself(browser, file, width):
    with opened(browser, file, viewport={"width": width, "height": 844}) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        region = page.locator("figure[data-name=phase] [role=region]")
        assert region.locator("svg").bounding_box()["width"] >= 528
        assert region.get_attribute("aria-label")
        region.focus()
        page.keyboard.press("ArrowRight")
        if width < 528:
            page.wait_for_function("() => document.querySelector('.broad').scrollLeft > 0")
        else:
            assert region.evaluate("region => region.scrollWidth <= region.clientWidth")


def test_letters_of_the_charts_keep_their_size(browser, file):
    size = """all => all.map(svg => svg.getBoundingClientRect().width / svg.viewBox.baseVal.width
      * parseFloat(getComputedStyle(svg.querySelector('text')).fontSize))"""
    with opened(browser, file, viewport={"width": 320, "height": 844}) as page:
        for width in (320, 390, 768, 1400):  # turned or resized, the charts are drawn anew
            page.set_viewport_size({"width": width, "height": 844})
            page.wait_for_function("width => innerWidth === width", arg=width)
            page.evaluate("() => new Promise(requestAnimationFrame)")
            found = page.eval_on_selector_all("svg.chart", size)
            assert len(found) == 2
            assert min(found) >= 12, width
            assert max(found) <= 20, width


@pytest.mark.parametrize("width", [320, 390])
def test_captions_wrap_to_what_is_seen_of_their_table(browser, file, width):
    ends = """all => all.map(span => { const seen = span.closest(".scroll");
      const at = seen.getBoundingClientRect(), out = [];
      for (const left of [0, seen.scrollWidth]) { seen.scrollLeft = left; const text = span.getBoundingClientRect();
        out.push(text.left - at.left, at.right - text.right); } return out; })"""
    with opened(browser, file, viewport={"width": width, "height": 844}) as page:
        page.eval_on_selector_all("details", "all => all.forEach(one => { one.open = true; })")
        found = page.eval_on_selector_all("caption span", ends)
        assert len(found) > 4
        assert all(space >= 0 for spaces in found for space in spaces), found


CONTRAST = """
() => {
  const rgb = text => { const v = text.match(/[\\d.]+/g).map(Number);
    return v.length > 3 && v[3] === 0 ? null : v.slice(0, 3); };
  const linear = v => v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4;
  const light = c => { const [r, g, b] = c.map(linear);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const behind = node => { for (let n = node; n; n = n.parentElement) {
    const c = rgb(getComputedStyle(n).backgroundColor); if (c) return c; } return [255, 255, 255]; };
  const out = [];
  for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!own || !node.getClientRects().length || node.closest("figure svg:not(.chart)")) continue;
    if (node.matches(":disabled, :disabled *, option") || node.classList.contains("skip")) continue;
    const style = getComputedStyle(node);
    const ink = rgb(node.closest("svg") ? style.fill : style.color), paper = behind(node);
    const [a, b] = [light(ink), light(paper)].sort((x, y) => y - x);
    out.push([(a + 0.05) / (b + 0.05), node.tagName + "." + node.getAttribute("class") + ": " + node.textContent.slice(0, 40)]);
  }
  return out.sort((x, y) => x[0] - y[0]);
}
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_both_schemes(browser, file, scheme):
    with opened(browser, file, color_scheme=scheme) as page:
        page.eval_on_selector_all("details", "all => all.forEach(one => { one.open = true; })")
        found = page.evaluate(CONTRAST)
        assert len(found) > 100
        assert found[0][0] >= 4.5, found[:5]


A4 = 680  # CSS pixels across the paper: 21 cm less two margins of 1.5 cm


def test_paper_is_light_and_nothing_on_it_is_cut_or_dead(browser, file):
    with opened(browser, file, color_scheme="dark", viewport={"width": A4, "height": 1009}) as page:
        page.eval_on_selector_all("details", "all => all.forEach(one => { one.open = true; })")
        colours = "() => [getComputedStyle(document.body)].map(body => [body.backgroundColor, body.color])[0]"
        assert page.evaluate(colours) == ["rgb(20, 23, 26)", "rgb(231, 234, 237)"]
        page.emulate_media(media="print")
        assert page.evaluate(colours) == ["rgb(255, 255, 255)", "rgb(29, 33, 38)"]
        found = page.evaluate(CONTRAST)
        assert found[0][0] >= 4.5, found[:5]
        # What is wider than the paper makes Chromium shrink every page.
        assert page.evaluate("document.documentElement.scrollWidth") <= A4
        assert not [
            i for i, control in enumerate(page.locator("select, button, input, nav").all()) if control.is_visible()
        ]
        breaks = page.eval_on_selector_all("figure, tr", "all => all.map(one => getComputedStyle(one).breakInside)")
        assert set(breaks) == {"avoid"}
        assert page.is_visible("#explorer-survival")
        page.eval_on_selector_all("details", "all => all.forEach(one => { one.open = false; })")
        assert not page.locator("summary").first.is_visible()
        pages = page.pdf(format="A4").count(b"/Type /Page\n")
        assert len(figure_register.FIGURES) / 2 < pages < 30


def test_without_scripts_the_page_says_so_and_keeps_its_figures(browser, file):
    with opened(browser, file, java_script_enabled=False) as page:
        assert page.locator("noscript").inner_text().startswith("Choosing needs JavaScript")
        assert not page.locator("#explorer").is_visible()
        figures = page.locator("figure svg:not(.chart)")
        assert figures.count() == len(figure_register.FIGURES)
        assert all(figures.nth(i).is_visible() for i in range(figures.count()))


@pytest.mark.parametrize("name", ["slowdown", "explorer-survival"])
def test_pictures_can_be_saved_from_the_page_alone(browser, file, name, tmp_path):
    with opened(browser, file, color_scheme="dark") as page:
        for form, head in (("SVG", b"<svg"), ("PNG", b"\x89PNG")):
            with page.expect_download() as download:
                page.click(f"figure[data-name={name}] button:has-text('{form}')")
            assert download.value.suggested_filename == f"{name}.{form.lower()}"
            download.value.save_as(tmp_path / "picture")
            saved = (tmp_path / "picture").read_bytes()
            assert saved.startswith(head)
            assert b"var(--" not in saved
