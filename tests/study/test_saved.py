"""What is saved or copied from the page, against the page and against the tables."""

from __future__ import annotations

import csv
import io
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from browsing import choice, opened, row, unfold
from PIL import Image
from study import figures as figure_register
from study import wording
from study.report.contents import contents
from study.report.grids import Grid
from study.statistics.survival import survival
from synthetic import PROVENANCE

pytestmark = pytest.mark.integration

SVG = "{http://www.w3.org/2000/svg}"
LINK = "#explore?data=gaussian&separability=4&start=wrong&scale=2&policy=equal&rate=1&target=brier"


def saved(page, name, form, path):
    """Save what has this name in this format, and return its bytes."""
    unfold(page)
    with page.expect_download() as download:
        page.click(f"[data-name={name}] button:has-text('{form}')")
    assert download.value.suggested_filename == f"{name}.{form.lower()}"
    download.value.save_as(path)
    return path.read_bytes()


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_saved_picture_has_the_colours_of_the_light_page(browser, file, scheme, tmp_path):
    """Drawn at the same size: every mark, even one drawn many times, has its colour of the page."""
    names = list(figure_register.FIGURES)
    shown, kept = {}, {}
    options = {"viewport": {"width": 1400, "height": 900}}
    with opened(browser, file, color_scheme="light", **options) as page:
        unfold(page)
        for name in names:
            picture = page.locator(f"[data-name={name}] svg")
            shown[name, "size"] = picture.bounding_box()
            picture.evaluate(ALONE, shown[name, "size"])
            shown[name] = pixels(picture.screenshot())
            picture.evaluate("svg => svg.removeAttribute('style')")
    with opened(browser, file, color_scheme=scheme, **options) as page:
        for name in names:
            kept[name] = saved(page, name, "SVG", tmp_path / f"{name}.svg").decode()
            assert "var(--" not in kept[name]
    context = browser.new_context(**options)
    page = context.new_page()
    for name in names:
        box = shown[name, "size"]
        size = f"width: {box['width']}px; height: {box['height']}px"
        page.set_content(f"<style>body {{ margin: 0 }} svg {{ display: block; {size} }}</style>{kept[name]}")
        drawn = pixels(page.locator("svg").first.screenshot())
        assert abs(drawn.shape[0] - shown[name].shape[0]) <= 1
        rows, columns = (min(a, b) for a, b in zip(drawn.shape[:2], shown[name].shape[:2], strict=True))
        ours, theirs = drawn[:rows, :columns], shown[name][:rows, :columns]
        # Smoothing may differ a little at edges. Seen: at most 0.00001; with marks filled black, over 0.0006.
        assert (abs(ours - theirs).max(axis=2) > 64).mean() < 0.0001, name
    context.close()


ALONE = """(svg, box) => {
  Object.assign(svg.style, { position: "relative", background: "#ffffff" });
  const at = svg.getBoundingClientRect(), left = at.left + scrollX, top = at.top + scrollY;
  svg.style.left = Math.round(left) - left + "px"; svg.style.top = Math.round(top) - top + "px"; }"""
"""Put a picture at a whole pixel: at a fraction of one, its edges would be smoothed differently."""


def colours(picture):
    """Share of the pixels by colour, each channel to the nearest of 5 values."""
    coarse = (picture + 32) // 64
    index = coarse[..., 0] * 25 + coarse[..., 1] * 5 + coarse[..., 2]
    return (np.bincount(index.ravel(), minlength=125) / index.size).tolist()


@pytest.mark.parametrize("name", ["slowdown", "theory", "explorer-survival"])
def test_a_png_is_the_svg_drawn_large(browser, file, name, tmp_path):
    with opened(browser, file, color_scheme="dark") as page:
        svg = saved(page, name, "SVG", tmp_path / "picture.svg")
        png = pixels(saved(page, name, "PNG", tmp_path / "picture.png"))
    context = browser.new_context(viewport={"width": 1600, "height": 900})
    page = context.new_page()
    page.set_content(
        "<style>body { margin: 0 } svg { display: block; width: 1600px; "
        f"height: {png.shape[0]}px }}</style>"
        + svg.decode().replace("<svg ", "<svg preserveAspectRatio='none' ", 1)  # its height is a whole number
    )
    drawn = pixels(page.locator("svg").first.screenshot())
    context.close()
    assert png.shape[1] == 1600
    assert abs(png.shape[0] - drawn.shape[0]) <= 1
    assert colours(png) == pytest.approx(colours(drawn), abs=0.005)  # edges are smoothed differently


@pytest.mark.parametrize(("show", "lines"), [("both", ["MSE", "BCE"]), ("bce", ["BCE"])])
@pytest.mark.parametrize("width", [390, 1400])
def test_a_saved_chart_says_what_it_is_of(browser, file, frames, show, lines, width, tmp_path):
    """Title, setting and legend are in the file, inside its frame, in the words of the page."""
    options = {"viewport": {"width": width, "height": 900}}
    with opened(browser, file, LINK + f"&show={show}", **options) as page:
        where, title = page.inner_text("#explorer-where"), page.inner_text("#explorer-curves-title")
        texts = {
            name: saved(page, name, "SVG", tmp_path / "c.svg")
            for name in ("explorer-curves", "explorer-survival")
        }
        assert page.locator(".chart .head").count() == 0  # the page itself is left as it was
        found = row(frames, choice(page))
    assert (
        f"MSE at {wording.number(found['rate_mse'])}/L, BCE at {wording.number(found['rate_bce'])}/L" in where
    )
    context = browser.new_context()
    page = context.new_page()
    for name, text in texts.items():
        root = ET.fromstring(text)
        words = [element.text for element in root.iter(f"{SVG}text")]
        assert (title if name == "explorer-curves" else "Runs not yet at the target") in words
        assert where in " ".join(words)
        assert [word for word in words if word in {"MSE", "BCE"}] == lines
        legend, drawn = ({line.get("stroke") for line in root.iterfind(path)} for path in (HEAD, CURVES))
        assert len(legend) == len(lines)
        assert legend == drawn
        page.set_content(text.decode())
        boxes = page.eval_on_selector_all("svg text", BOXES)
        x, _, width, _ = (float(v) for v in root.get("viewBox").split())
        assert min(left for left, _ in boxes) >= x - 1
        assert max(right for _, right in boxes) <= x + width + 1
    context.close()


HEAD, CURVES = f"{SVG}g/{SVG}polyline", f"{SVG}polyline"
BOXES = "all => all.map(one => { const box = one.getBBox(); return [box.x, box.x + box.width]; })"


def table(text, mark=","):
    return list(csv.DictReader(io.StringIO(text), delimiter=mark))


@pytest.mark.parametrize(
    "link",
    [
        LINK,
        LINK.replace("wrong", "right").replace("brier", "accuracy"),
        LINK.replace("=wrong&scale=2", "=sure_wrong&scale=0.999"),
        LINK.replace("=equal", "=equal_no_half"),
        "#explore?data=digits%20%3C3%3E%20%26%208&policy=tuned",
    ],
)
def test_the_saved_numbers_are_those_of_the_table(browser, file, frames, link, tmp_path):
    with opened(browser, file, link) as page:
        (found,) = table(saved(page, "explorer", "CSV", tmp_path / "a.csv").decode())
        expected = row(frames, choice(page))
    for name in ("dataset", "initialisation", "policy", "target", "text"):
        assert found[name] == expected[name]
    for name in ("scale", "mse_reached", "bce_reached", "starts"):
        assert float(found[name]) == expected[name]
    for name in ("rate_mse", "rate_bce", "mse_median", "bce_median"):
        assert float(found[name].replace("> ", "")) == pytest.approx(expected[name], rel=0.005)
    assert found["separability"] == (
        "" if np.isnan(expected["separability"]) else wording.number(expected["separability"])
    )


def test_the_saved_curve_is_that_of_kaplan_and_meier(browser, file, frames, tmp_path):
    with opened(browser, file, LINK) as page:
        rows = table(saved(page, "explorer-survival", "CSV", tmp_path / "a.csv").decode())
    runs = frames["runs"].query(
        "dataset == 'gaussian' and separability == 4 and initialisation == 'wrong' and scale == 2 "
        "and rate == 1 and target == 'brier'"
    )
    for loss in ("mse", "bce"):
        mine = runs[runs["loss"] == loss]
        reached = (mine["status"] == "reached").to_numpy()
        steps, left = survival(np.where(reached, mine["step"], mine["max_steps"]), reached)
        found = [(int(r["step"]), float(r["share_not_yet"])) for r in rows if r["loss"] == loss]
        assert {r["rate"] for r in rows} == {"1"}
        assert found[0] == (0, 1.0)
        for step, share in zip(steps, left, strict=True):
            assert min(value for at, value in found if at == step) == pytest.approx(share, abs=1e-4)


def test_the_saved_learning_curve_is_the_quantiles_to_a_byte(browser, file, frames, tmp_path):
    link = LINK.replace("separability=4", "separability=2").replace("scale=2", "scale=8")
    with opened(browser, file, link) as page:
        rows = table(saved(page, "explorer-curves", "CSV", tmp_path / "a.csv").decode())
    curves = frames["curves"].query(
        "dataset == 'gaussian' and separability == 2 and initialisation == 'wrong' "
        "and scale == 8 and rate == 1"
    )
    for loss in ("mse", "bce"):
        mine = [r for r in rows if r["loss"] == loss]
        wide = curves[curves["loss"] == loss].pivot_table(index="step", columns="run", values="brier").ffill()
        last = wide.reindex([int(r["step"]) for r in mine], method="ffill").iloc[-1]
        for name, quantile in (("low", 0.1), ("median", 0.5), ("high", 0.9)):
            assert float(mine[-1][name]) == pytest.approx(np.quantile(last, quantile), abs=1 / 255)


@pytest.mark.parametrize("old", [True, False])
@pytest.mark.parametrize("name", ["explorer", "explorer-survival", "explorer-curves"])
def test_a_table_can_be_copied_and_is_what_is_saved(browser, file, name, old, tmp_path):
    """With the old interface, which works in an iframe too, and with the new if a browser lacks it."""
    with opened(browser, file, LINK, permissions=["clipboard-read", "clipboard-write"]) as page:
        if not old:
            page.evaluate("document.execCommand = () => false")
        page.click(f"[data-name={name}] button:has-text('Copy')")
        page.wait_for_selector(f"[data-name={name}] button:has-text('Copied')")
        copied = page.evaluate("navigator.clipboard.readText()")
        assert table(copied, "\t") == table(saved(page, name, "CSV", tmp_path / "a.csv").decode())


def taken(page, table, folder):
    """What "Copy table" and "Save CSV" below a table give, as rows, and the name of the file."""
    caption = " ".join(table.locator("caption").text_content().split())
    copy, save = (page.get_by_role("button", name=f"{word}: {caption}") for word in BUTTONS)
    copy.focus()
    page.keyboard.press("Enter")
    page.wait_for_function("one => one.textContent === 'Copied'", arg=copied_button(page, caption))
    copied = csv.reader(io.StringIO(page.evaluate("navigator.clipboard.readText()")), delimiter="\t")
    with page.expect_download() as download:
        save.click()
    download.value.save_as(folder / "table.csv")
    kept = csv.reader(io.StringIO((folder / "table.csv").read_text(encoding="utf-8")))
    return list(copied), list(kept), download.value.suggested_filename


BUTTONS = ("Copy table", "Save CSV")


def copied_button(page, caption):
    return page.get_by_role("button", name=f"Copied: {caption}").element_handle()


def test_every_table_can_be_copied_and_saved_and_has_the_cells_that_python_wrote(
    browser, file, frames, tmp_path
):
    made = contents(frames, PROVENANCE)
    listed = [*made.values(), *(one["grid"] for one in made["demonstrations"])]
    grids = {" ".join(one.caption.split()): one for one in listed if isinstance(one, Grid) and one.rows}
    with opened(browser, file, permissions=["clipboard-read", "clipboard-write"]) as page:
        unfold(page)
        found = {}
        for table in page.locator("table").all():
            copied, kept, name = taken(page, table, tmp_path)
            assert copied == kept
            found[name] = copied
            caption = " ".join(table.locator("caption").text_content().split())
            if caption in grids:
                grid = grids.pop(caption)
                assert copied == [list(grid.head), *map(list, grid.rows)]
            else:
                cells = table.locator("tr").all()
                texts = [one.locator("th, td").all_inner_texts() for one in cells]
                assert copied == [[" ".join(text.split()) for text in line] for line in texts]
        assert len(found) == page.locator("table").count() > 10  # no two files have one name
    assert {made["claims"].caption, made["methods_first"].caption} == set(grids)  # a list, and the Markdown's


def test_the_first_table_is_copied_as_the_switch_shows_it(browser, file, tmp_path):
    with opened(browser, file, permissions=["clipboard-read", "clipboard-write"]) as page:
        table, seen = page.locator(".matrix table"), []
        for policy in ("equal", "tuned"):
            page.check(f"[name=matrix-policy][value={policy}]")
            copied, _, _ = taken(page, table, tmp_path)
            assert copied[1][1].startswith(table.locator(f"tbody .of-{policy} strong").first.inner_text())
            seen.append(copied)
        assert seen[0] != seen[1]
