"""The page outside a browser's window: on paper, in an iframe, under a policy, without scripts or styles."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import shutil
import subprocess
from contextlib import contextmanager
from html import escape

import numpy as np
import pytest
from browsing import CONTRAST, opened, unfold
from PIL import Image
from study import figures as figure_register
from study import pages, report
from study.figures.style import COLOURS
from study.provenance import compare_studies
from synthetic import EXTREMES, PROVENANCE
from test_report import Page

pytestmark = pytest.mark.integration

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
            i
            for i, control in enumerate(page.locator("select, button, input, nav").all())
            if control.is_visible()
        ]
        breaks = page.eval_on_selector_all(
            "figure, tr", "all => all.map(one => getComputedStyle(one).breakInside)"
        )
        assert set(breaks) == {"avoid"}
        assert page.is_visible("#explorer-survival")
        pages = page.pdf(format="A4").count(b"/Type /Page\n")
        assert len(figure_register.FIGURES) / 3 < pages < 20


def printed(page, path, **paper):
    """The texts of the printed pages, in the order in which they are drawn, with one blank between words."""
    if shutil.which("pdftotext") is None:
        reason = "no pdftotext here; `apt-get install poppler-utils` gives one"
        (pytest.fail if os.environ.get("MSE_BCE_REQUIRE_BROWSER") == "1" else pytest.skip)(reason)
    page.pdf(path=path, **paper)
    command = ["pdftotext", "-raw", path, "-"]
    text = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    return [re.sub(r"\s+", " ", one).strip() for one in text.removesuffix("\f").split("\f")]


def test_the_first_screen_is_on_the_first_sheet_of_paper(browser, file, tmp_path):
    with opened(browser, file) as page:
        words = page.eval_on_selector_all(FIRST, WORDS)
        first, *others = printed(page, tmp_path / "page.pdf", format="A4")
        assert "What is counted, and how sure it is" in first
        assert len(words) > 100
        assert [word for word in words if word not in first.replace(" ", "")] == []
        assert 5 < len(others) < 12


FIRST = ".lede, .matrix legend, .matrix thead, .matrix tbody, .matrix > p.small, header figcaption"
WORDS = """all => all.flatMap(one => one.innerText.split(/\\s+/)).filter(word => word)"""


@pytest.mark.parametrize("height", [239, 252, 278, 297])
def test_no_head_of_a_table_stands_alone_at_the_foot_of_a_column(browser, file, tmp_path, height):
    """Papers of many heights, so that tables break at many places; the head is repeated after each."""
    heads = """all => all.map(table => [...table.querySelectorAll("thead th")]
      .map(cell => cell.textContent).join(" "))"""
    with opened(browser, file) as page:
        names = page.eval_on_selector_all("main table", heads)
        sheets = printed(page, tmp_path / "page.pdf", width="210mm", height=f"{height}mm")
    seen = [name for name in names if any(name in sheet for sheet in sheets)]
    assert len(seen) > 4
    for sheet in sheets:
        assert not [name for name in seen if sheet.endswith(name) or f"{name} {name}" in sheet]


@pytest.mark.parametrize("scripts", [True, False])
def test_on_paper_every_closed_part_is_open(browser, file, frames, tmp_path, scripts):
    with opened(browser, file, java_script_enabled=scripts) as page:
        text = " ".join(printed(page, tmp_path / "page.pdf", format="A4"))
        assert page.locator("details[open]").count() == 0  # as the reader left them
    for evidence in frames["claims"]["evidence"]:
        assert evidence in text
    assert text.count("True if:") == len(frames["claims"])
    for words in (
        "Slowdown on real data, headline target",
        "Data sets, ranges over seeds",
        "numpy 2.4.6",
        "seeds: [0, 1]",
    ):
        assert words in text
    (digest,) = PROVENANCE.digests.values()
    assert digest in text.replace(" ", "")


def test_in_a_browser_that_cannot_open_a_part_by_style_a_script_opens_it(browser, file):
    with opened(browser, file) as page:
        closed = page.locator("details").count()
        page.eval_on_selector("details >> nth=1", "one => { one.open = true; }")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.locator("details[open]").count() == closed
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert page.locator("details[open]").count() == 1


FRAMES = {
    "srcdoc": '<iframe srcdoc="{text}"></iframe>',
    "sandbox": '<iframe srcdoc="{text}" sandbox="allow-scripts"></iframe>',
    "data": '<iframe src="data:text/html;base64,{base64}"></iframe>',
}
"""How pages show a report: as the text of a frame, with few permissions, and as Snakemake's report does."""


@pytest.mark.parametrize("kind", FRAMES)
def test_in_an_iframe_the_explorer_works_and_says_nothing_of_an_address(browser, file, tmp_path, kind):
    outer = tmp_path / "outer.html"
    text = file.read_text(encoding="utf-8")
    frame = FRAMES[kind].format(text=escape(text), base64=base64.b64encode(text.encode()).decode())
    outer.write_text(
        f"<!doctype html><title>x</title>{frame.replace('<iframe', '<iframe width=900 height=700')}", "utf-8"
    )
    with opened(browser, outer) as page:
        frame = page.frame_locator("iframe")
        before = frame.locator("#explorer-steps").inner_text()
        frame.locator("#explorer-scale").select_option("0.9")
        frame.locator("#explorer-target").select_option("logloss")
        assert frame.locator("#explorer-steps").inner_text() != before
        assert "log loss" in frame.locator("#explorer-where").inner_text()
        assert not frame.locator("#explorer-linked").is_visible()
        frame.locator("#neuron-reset").click()
        frame.locator("#neuron-step").click()
        assert frame.locator("#neuron-count").inner_text() == "1 of 300"
        frame.locator("[data-name=explorer] button:has-text('Copy')").click()
        frame.locator("[data-name=explorer] button:has-text('Copied')").wait_for()
        frame.locator("nav a[href='#limits']").click()
        limits = "() => Math.abs(document.getElementById('limits').getBoundingClientRect().top) < 200"
        page.frames[1].wait_for_function(limits)


def test_where_colours_are_forced_lines_and_words_still_show(browser, file):
    """As with the contrast themes of Windows: what differs by its colour alone would be lost."""
    with opened(browser, file, forced_colors="active", color_scheme="dark") as page:
        assert page.evaluate("matchMedia('(forced-colors: active)').matches")
        found = page.evaluate(CONTRAST)
        assert found[0][0] >= 4.5, found[:5]
        page.eval_on_selector("[data-name=slowdown]", "figure => figure.scrollIntoView()")
        for selector in ("[data-name=factor] svg", "#explorer-survival"):
            picture = np.asarray(
                Image.open(io.BytesIO(page.locator(selector).screenshot())).convert("RGB")
            ).astype(int)
            paper = picture[0, 0]
            assert (abs(picture - paper).max(axis=2) > 100).mean() > 0.01, selector


@contextmanager
def served(browser, path, policy):
    """The page as a server would send it with a policy, and what the browser refused."""
    context = browser.new_context()
    page, refused = context.new_page(), []
    page.on("console", lambda message: refused.append(message.text))
    page.on("pageerror", lambda error: refused.append(str(error)))
    headers = {"Content-Security-Policy": policy, "Content-Type": "text/html; charset=utf-8"}
    page.route("**/*", lambda route: route.fulfill(body=path.read_text(encoding="utf-8"), headers=headers))
    page.goto("http://reports.test/report.html")
    yield page, refused
    context.close()


def own_policy(html):
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
    return policy


def test_the_policy_that_the_page_names_admits_all_of_it_and_no_other_style_or_script(browser, file):
    html = file.read_text(encoding="utf-8")
    policy = own_policy(html)
    assert "unsafe" not in policy
    assert not [
        values
        for _, values in Page(html).tags
        if "style" in values or any(k.startswith("on") for k in values)
    ]
    with served(browser, file, policy) as (page, refused):
        page.select_option("#explorer-scale", "0.9")
        unfold(page)
        with page.expect_download():
            page.click("[data-name=slowdown] button:has-text('SVG')")
        with page.expect_download():
            page.click("[data-name=explorer-survival] button:has-text('PNG')")
        assert page.evaluate("getComputedStyle(document.querySelector('.cards')).listStyleType") == "none"
        line = "getComputedStyle(document.querySelector('polyline.mse')).stroke"
        assert page.evaluate(line) == "rgb(194, 82, 0)"
        assert refused == []
        page.evaluate("""() => { const bad = document.createElement("style");
          bad.textContent = "body { color: red }"; document.head.appendChild(bad);
          const worse = document.createElement("script");
          worse.textContent = "window.hit = 1"; document.head.appendChild(worse); }""")
        assert page.evaluate("[getComputedStyle(document.body).color, window.hit === undefined]") == [
            "rgb(29, 33, 38)",
            True,
        ]


JENKINS = "sandbox allow-same-origin; default-src 'none'; img-src 'self'; style-src 'self';"
"""What a Jenkins server sends with every report, unless its owner says otherwise."""


@pytest.mark.parametrize("policy", [JENKINS, "script-src 'none'", "default-src 'none'"])
def test_under_a_policy_that_forbids_all_the_page_is_readable(browser, file, policy):
    with served(browser, file, policy) as (page, _):
        assert page.locator("#explorer-off").inner_text().startswith("Choosing needs JavaScript")
        assert not page.locator("#explorer").is_visible()
        assert page.locator(".save").count() == 0
        page.click("summary >> nth=0")
        assert page.locator("details").first.get_attribute("open") is not None
        unfold(page)
        drawn = page.locator("figure svg:not(.chart)")
        assert drawn.count() == len(figure_register.FIGURES)
        assert all(drawn.nth(i).is_visible() for i in range(drawn.count()))
        colour = "svg => [...svg.querySelectorAll('*')].map(one => getComputedStyle(one).stroke)"
        strokes = set(page.eval_on_selector("[data-name=factor] svg", colour))
        own = {"rgb({}, {}, {})".format(*bytes.fromhex(value[1:])) for value in COLOURS.values()}
        themed = {"rgb(194, 82, 0)", "rgb(0, 104, 168)"}
        assert (themed if policy.startswith("script") else own) <= strokes


def test_where_styles_alone_are_forbidden_the_explorer_still_draws_lines(browser, file):
    script = re.search(r"script-src '[^']*'", own_policy(file.read_text(encoding="utf-8")))[0]
    with served(browser, file, f"style-src 'none'; {script}") as (page, _):
        look = "all => all.map(one => [getComputedStyle(one).fill, getComputedStyle(one).stroke])"
        lines = page.eval_on_selector_all("#explorer-survival polyline", look)
        assert lines == [["none", "rgb(194, 82, 0)"], ["none", "rgb(0, 104, 168)"]]


def test_a_picture_that_a_policy_forbids_is_reported(browser, file):
    policy = own_policy(file.read_text(encoding="utf-8")).replace("img-src data:", "img-src 'none'")
    with served(browser, file, policy) as (page, _):
        unfold(page)
        page.click("[data-name=slowdown] button:has-text('PNG')")
        page.wait_for_selector("[data-name=slowdown] button:has-text('Not allowed here')")


def test_the_policy_is_that_of_the_texts_between_the_tags():
    """The digest that the command of docs/report.md would print, computed here."""
    assert "'sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0='" in pages.policy("abc")
    assert "script-src 'none'" in pages.policy("abc")


def captions(html):
    """Each table's caption; every table must have one, and each is a complete phrase."""
    tables = re.findall(r"<table>(.*?)</table>", html, re.DOTALL)
    return [
        re.sub(r"<[^>]*>", "", (re.findall(r"<caption>(.*?)</caption>", table, re.DOTALL) or [""])[0])
        for table in tables
    ]


@pytest.mark.parametrize("name", [None, *EXTREMES])
def test_every_table_of_a_report_has_a_caption(frames, pictures, extreme, name):
    few = extreme(name) if name else frames
    found = captions(report.page(few, PROVENANCE, pictures))
    assert name or len(found) > 4
    assert not [caption for caption in found if not re.fullmatch(r"\S.*[^\s,;:]", caption)]


def test_every_table_of_a_comparison_has_a_caption(frames, tmp_path):
    other = frames["runs"].iloc[10:].assign(step=frames["runs"]["step"] + 1)
    for side, runs, commit in (("a", frames["runs"], "aaa"), ("b", other, "bbb")):
        (tmp_path / side / "tables").mkdir(parents=True)
        runs.to_parquet(tmp_path / side / "tables" / "runs.parquet")
        (tmp_path / side / "summary.json").write_text(json.dumps({"commit": commit}))
    found = captions(compare_studies.page(compare_studies.compare(tmp_path / "a", tmp_path / "b")))
    assert len(found) == 4
    assert all(found)
