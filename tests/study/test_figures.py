from __future__ import annotations

import io
import itertools
import re
import xml.etree.ElementTree as ET
from pathlib import Path as File

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import synthetic
from matplotlib.markers import MarkerStyle
from matplotlib.patches import StepPatch
from matplotlib.path import Path
from study import figures
from study.catalogue import TABLES
from study.figures import choice, phase, progress, style
from study.figures.style import COLOURS, INK, MARKERS, SERIES, at_least
from study.pages import TEMPLATES
from study.tables.table import conform

from kernels import laws

pytestmark = pytest.mark.integration

# Linear sRGB as seen without one kind of cone (Machado, Oliveira and Fernandes 2009, severity 1).
SIGHT = {
    "all cones": np.eye(3),
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.01182, 0.04294, 0.968881],
    ],
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
}
CAPTIONS = File(__file__).parents[2] / "workflow" / "report"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def short(frames):
    """The study with a budget that most wrong starts of MSE exhaust."""
    runs = conform(synthetic.runs(budget=300), TABLES["runs"])
    return frames | {"runs": runs, **synthetic.summaries(runs, resamples=199)}


def linear(colour):
    """Linear sRGB of a colour such as #0072b2."""
    value = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def luminance(colour):
    return linear(colour) @ [0.2126, 0.7152, 0.0722]


def oklab(rgb):
    """Coordinates in which distances match perceived differences (Ottosson 2020)."""
    cones = [
        [0.41222147, 0.53633254, 0.05144599],
        [0.2119035, 0.68069955, 0.10739696],
        [0.08830246, 0.28171884, 0.6299787],
    ]
    axes = [
        [0.21045426, 0.79361779, -0.00407205],
        [1.9779985, -2.42859221, 0.45059371],
        [0.02590404, 0.78277177, -0.80867577],
    ]
    return np.array(axes) @ np.cbrt(np.array(cones) @ np.clip(rgb, 0, 1))


def themes():
    """The colours of the light page, of the dark one and of paper: in the page's style sheet, by name."""
    style = (TEMPLATES / "report.css").read_text(encoding="utf-8")
    roots = re.findall(r":root[^{]*\{([^}]*)\}", style)
    light, dark, paper = (dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", root)) for root in roots)
    return {"light": light, "dark": light | dark, "paper": light | paper}


def shown(colour, theme):
    """What the page makes of a figure's colour, of marks and of lines alike."""
    style = (TEMPLATES / "report.css").read_text(encoding="utf-8")
    (fill,), (stroke,) = (
        re.findall(rf'^\[{kind}="{colour}"\] {{ {kind}: var\(--(\w+)\); }}$', style, re.MULTILINE)
        for kind in ("fill", "stroke")
    )
    assert fill == stroke
    return themes()[theme][fill]


# Of WCAG: for graphics 1.4.11 asks for 3, for text 1.4.3 for 4.5, which marks on a dark page have too.
@pytest.mark.parametrize(("theme", "least"), [("light", 3), ("paper", 3), ("dark", 4.5)])
def test_every_mark_stands_out_on_every_page(theme, least):
    page = luminance(themes()[theme]["page"])
    for colour in (*SERIES, *COLOURS.values(), INK):
        dark, light = sorted((page, luminance(shown(colour, theme))))
        assert (light + 0.05) / (dark + 0.05) >= least, colour


@pytest.mark.parametrize("theme", ["light", "dark", "paper"])
def test_mse_is_orange_and_bce_blue_on_every_page(theme):
    def hue(colour):
        _, a, b = oklab(linear(shown(colour, theme)))
        return np.degrees(np.arctan2(b, a)) % 360

    assert 40 < hue(COLOURS["mse"]) < 65  # red is at 29 degrees, yellow at 110
    assert 235 < hue(COLOURS["bce"]) < 260  # cyan is at 195, blue at 264


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("sight", SIGHT)
def test_series_are_distinguished_by_colour_and_by_marker(sight, theme):
    seen = [oklab(SIGHT[sight] @ linear(shown(colour, theme))) for colour in SERIES]
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) > 0.1
    assert len(set(MARKERS)) == len(MARKERS) == len(SERIES)
    assert not set(MARKERS) & set("^v<>")


@pytest.mark.parametrize("name", figures.FIGURES)
def test_a_figure_is_a_well_formed_image_with_words(name, frames):
    root = ET.fromstring(figures.svg(name, frames))
    assert root.tag == f"{SVG}svg"
    assert root.get("role") == "img"
    title, words = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert root.get("aria-labelledby").split() == [title.get("id"), words.get("id")]
    assert len(words.text) > 60
    assert "No figure" not in words.text
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert all(i.startswith(f"{name}-") for i in ids)


@pytest.mark.parametrize("name", figures.FIGURES)
def test_the_same_tables_give_the_same_bytes_and_no_network(name, frames):
    text = figures.svg(name, frames)
    assert text == figures.svg(name, frames)
    assert "<metadata>" not in text
    links = {
        value
        for element in ET.fromstring(text).iter()
        for key, value in element.items()
        if key.endswith("href")
    }
    assert all(link.startswith("#") for link in links)


def test_ids_are_unique_over_all_figures(frames):
    ids = [
        e.get("id")
        for name in figures.FIGURES
        for e in ET.fromstring(figures.svg(name, frames)).iter()
        if e.get("id")
    ]
    assert len(ids) == len(set(ids))


def test_what_cannot_be_drawn_says_so(extreme):
    few = extreme("nothing")
    assert all(
        "No figure: no" in figures.svg(name, few) for name, entry in figures.FIGURES.items() if entry.tables
    )
    for name, entry in figures.FIGURES.items():
        assert not entry.tables or figures.caption(name, few) == entry.describe(few), "no fields, no marks"


@pytest.mark.parametrize("name", ["survival", "curves", "rates", "policies"])
@pytest.mark.parametrize(
    ("study", "reason"),
    [
        ("real data only", "no data set with a separability"),
        ("one loss", "no start was run with both losses"),
    ],
)
def test_what_cannot_be_drawn_says_what_is_lacking(study, reason, name, extreme):
    few = extreme(study)
    assert reason in figures.FIGURES[name].describe(few)
    figure = figures.draw(name, few)
    assert reason in figure.texts[0].get_text().replace("\n", " ")
    box = figure.texts[0].get_window_extent()
    assert figure.bbox.x0 < box.x0 < box.x1 < figure.bbox.x1


def test_a_bound_is_drawn_open_and_a_median_is_not(frames):
    rows = choice.wrong_cells_of_setting(frames)
    (axes,) = figures.draw("slowdown", frames).axes
    dots = [
        line for line in axes.lines if line.get_marker() not in ("None", None, "") and len(line.get_xdata())
    ]
    opened = [
        line for line in dots if isinstance(line.get_marker(), Path) and line.get_markerfacecolor() == "none"
    ]
    at_bounds = sorted(y for line in opened for y in line.get_ydata())
    assert at_bounds == sorted(rows.loc[rows["slowdown_bound"], "slowdown"])
    closed = sorted(y for line in dots if line not in opened for y in line.get_ydata())
    assert closed == sorted(rows.loc[~rows["slowdown_bound"], "slowdown"])
    joined = {y for line in axes.lines if line.get_linestyle() != "None" for y in line.get_ydata()}
    assert not joined & set(at_bounds)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("marker", MARKERS)
def test_the_mark_of_a_bound_is_the_series_own_one_with_an_arrow_from_its_edge(marker, turned):
    drawn = at_least({"marker": marker, "color": "red"}, 5, turned=turned)["marker"].vertices
    own = MarkerStyle(marker)
    body = own.get_path().transformed(own.get_transform()).vertices
    np.testing.assert_array_equal(drawn[: len(body)], body)
    along, across = (0, 1) if turned else (1, 0)
    foot, tip, left, right = drawn[-5], drawn[-4], drawn[-3], drawn[-1]
    assert foot[along] == pytest.approx(body[:, along].max())
    assert tip[along] > max(left[along], right[along]) > foot[along]
    assert foot[across] == tip[across] == 0 == pytest.approx(left[across] + right[across])


@pytest.mark.parametrize("name", ["slowdown", "policies", "rates", "real", "theory"])
def test_a_figure_with_bounds_names_their_mark(name, short):
    figure = figures.draw(name, short)
    lines = [line for axes in figure.axes for line in axes.lines]
    assert any(isinstance(line.get_marker(), Path) and len(line.get_ydata()) for line in lines)
    legends = [axes.get_legend() for axes in figure.axes if axes.get_legend()] + figure.legends
    assert any(text.get_text().endswith("at least") for legend in legends for text in legend.get_texts())
    assert "An open mark with an arrow" in figures.caption(name, short)


@pytest.mark.parametrize("name", ["factor", "survival", "curves", "rates"])
def test_losses_are_distinguished_without_colour(name, frames):
    """As in the page's explorer: MSE solid, BCE dashed, in the legend too."""
    figure = figures.draw(name, frames)
    key = figure.axes[0].get_legend()
    shown = dict(zip((text.get_text()[:3] for text in key.get_texts()), key.get_lines(), strict=True))
    assert {loss: line.is_dashed() for loss, line in shown.items()} == {"MSE": False, "BCE": True}
    for axes in figure.axes:
        lines = [line for line in axes.lines if line.get_label()[:3] in shown]
        assert [line.is_dashed() for line in lines] == [line.get_label().startswith("BCE") for line in lines]
        assert len(lines) == 2


def test_the_slowdown_names_its_axes_its_data_and_what_the_series_differ_in(frames, extreme):
    (axes,) = figures.draw("slowdown", frames).axes
    assert axes.get_ylabel().replace("\n", " ") == "times as many steps with MSE as with BCE"
    assert "both axes are logarithmic" in axes.get_xlabel()
    key = axes.get_legend()
    assert key.get_title().get_text() == "distance between the classes (d\N{PRIME}, in standard deviations)"
    assert "4: theory for small logits" in [text.get_text() for text in key.get_texts()]
    assert "on the data set gaussian, " in figures.caption("slowdown", frames)
    assert figures.caption("slowdown", frames).startswith(
        "Steps with MSE divided by steps with BCE, median over paired"
    )
    real = extreme("real data only")
    assert figures.draw("slowdown", real).axes[0].get_legend().get_title().get_text() == ""
    assert "on real data, " in figures.caption("slowdown", real)


def test_fields_of_the_phase_diagram_print_measurement_and_law(frames):
    rows = phase.phase_rows(frames)
    rows = rows[rows["n"] == 200]
    (axes,) = figures.draw("phase", frames).axes
    texts = [text.get_text() for text in axes.texts]
    assert len(texts) == 2 * len(rows)
    assert sum(text.startswith("(") for text in texts) == len(rows)
    assert not any(
        text.startswith(">") for text in texts
    )  # where stepping ran out of budget, the flow arrived


def test_the_line_of_the_phase_diagram_runs_between_the_fields(frames):
    figure = figures.draw("phase", frames)
    (axes,) = figure.axes
    (line,) = [patch for patch in axes.patches if isinstance(patch, StepPatch)]
    heights, edges, _ = line.get_data()
    scales = np.array([0.5, 1, 2, 4, 8, 16])
    below = [(scales < separability / 2).sum() for separability in (0.5, 1, 2, 4, 6, 12)]
    np.testing.assert_array_equal(heights + 0.5, below)
    np.testing.assert_array_equal(edges, np.arange(7) - 0.5)
    figure.draw_without_rendering()
    for text in axes.texts:  # each in its own field, so that no edge cuts a number
        box = text.get_window_extent().transformed(axes.transData.inverted())
        np.testing.assert_array_equal(np.round([box.x0, box.x1]), np.round(text.get_position()[0]))
        np.testing.assert_array_equal(np.round([box.y0, box.y1]), np.round(text.get_position()[1]))


@pytest.mark.parametrize("name", ["phase", "theory"])
def test_what_is_said_of_growth_is_what_the_law_does(name, frames):
    """Ratio of gradients: mu / (mu - a) e^(a mu - a^2/2) before a = mu, proportional to a^2 far beyond."""

    def ratio(a, mu):
        return laws.population_gradient(-a, mu, loss="bce") / laws.population_gradient(-a, mu, loss="mse")

    assert np.log(ratio(4, 8) / ratio(2, 8)) == pytest.approx(np.log(6 / 4) + 10, rel=0.02)
    assert np.log2(ratio(64, 0.5) / ratio(32, 0.5)) == pytest.approx(2, rel=0.02)
    caption = figures.caption(name, frames)
    assert "exponentially with the scale before a = \N{GREEK SMALL LETTER MU}. Beyond" in caption
    assert "a power of the scale, far beyond like its square" in caption


def test_steps_that_are_coarse_are_said_to_be(frames):
    table = frames["phase"]
    assert "whole steps" not in figures.caption("phase", frames)  # there stepping equals the flow
    coarse = table.assign(stepped=table["stepped"] * np.where(table["scale"] == 1, 1.44, 1.2))
    assert "up to 1.5 times the flow's slowdown" in figures.caption("phase", frames | {"phase": coarse})
    assert "Dotted" not in figures.caption("phase", frames)
    assert "Dotted" in figures.caption("phase", frames | {"phase": table.assign(flow_bound=True)})


def test_what_neither_stepping_nor_flow_reached_is_a_bound(frames):
    stopped = frames["phase"].assign(flow_bound=True)
    rows = phase.phase_rows(frames | {"phase": stopped})
    expected = int(
        rows.loc[rows["n"] == 200, "stepped_bound"].sum() + rows.loc[rows["n"] == 200, "stepped"].isna().sum()
    )
    (axes,) = figures.draw("phase", frames | {"phase": stopped}).axes
    assert sum(text.get_text().startswith(">") for text in axes.texts) == expected > 3


def test_theory_draws_stepping_filled_and_the_flow_of_many_samples_open(frames):
    rows = phase.phase_rows(frames)
    (axes,) = figures.draw("theory", frames).axes
    marked = [line for line in axes.lines if line.get_marker() not in ("None", None, "")]
    is_open = [line.get_markerfacecolor() == "none" for line in marked]
    drawn = sorted(y for line, o in zip(marked, is_open, strict=True) if not o for y in line.get_ydata())
    assert drawn == sorted(rows.loc[rows["stepped"].notna() & ~rows["stepped_bound"], "stepped"])
    flow = {
        y
        for line, o in zip(marked, is_open, strict=True)
        if o and not isinstance(line.get_marker(), Path)
        for y in line.get_ydata()
    }
    assert flow == set(rows.loc[rows["n"] == 100_000, "flow"])
    low, high = axes.get_ylim()
    assert high / low > 1e8


def test_the_words_of_the_law_are_at_the_scale_of_their_numbers(frames):
    table = frames["phase"]
    few = table[(table["n"] == 200) | (table["scale"] <= 8)]
    row = few.query("n == 100_000 and separability == 4 and scale == 8").iloc[0]
    words = figures.FIGURES["theory"].describe(frames | {"phase": few})
    law, flow = (float(f"{row[name]:.2g}") for name in ("predicted", "flow"))
    assert f"d\N{PRIME} = 4 and scale 8: law {law:g}, flow {flow:g}" in words
    assert "scale 16" not in words


def test_the_boundary_lies_on_the_law(frames):
    found = phase.crossings(phase.phase_rows(frames))
    np.testing.assert_allclose(found["scale"], [0.5, 1, 2, 3, 6])
    at_two = frames["phase"].query("n == 100_000 and separability == 4 and scale == 2")["predicted"].iloc[0]
    assert found["slowdown"].iloc[2] == pytest.approx(at_two)


def test_survival_comes_down_to_the_share_that_never_arrived(frames):
    rows = progress._survival_rows(frames)
    for axes, scale in zip(figures.draw("survival", frames).axes, choice.panel_scales(rows), strict=True):
        for line in axes.lines:
            runs = rows[(rows["scale"] == scale) & (rows["loss"] == line.get_label().lower())]
            assert line.get_ydata()[-1] == pytest.approx((runs["status"] != "reached").mean())


def test_a_run_that_ended_keeps_its_last_value_in_the_bands(frames):
    rows = choice.wrong_runs(frames["curves"], choice.chosen(frames))
    rows = rows[(rows["scale"] == 8) & (rows["loss"] == "mse")]
    last = rows.sort_values("step").groupby("run")["brier"].last()
    band = progress._bands(rows).iloc[-1]
    np.testing.assert_allclose(band, np.quantile(last, (0.1, 0.5, 0.9)))


def test_curves_say_how_many_starts_are_behind_them(frames):
    curves = frames["curves"]
    assert "the median of 4 starts of each size" in figures.caption(
        "curves", frames
    )  # those of the traced seeds
    few = frames | {"curves": curves[(curves["seed"] < 3) | (curves["scale"] == 8)]}
    assert "the median of 3 to 4 starts" in figures.caption("curves", few)


def test_the_words_of_the_runs_say_when_they_arrived(frames):
    rows = progress._survival_rows(frames)
    runs = rows[(rows["scale"] == 0.5) & (rows["loss"] == "bce")]
    half = runs["step"].sort_values().iloc[len(runs) // 2 - 1]
    text = figures.FIGURES["survival"].describe(frames)
    assert f"BCE at scale 0.5: half there by step {half}, 0 of 8 never" in text


def test_odd_names_of_data_sets_are_escaped(frames):
    assert "digits &lt;3&gt; &amp; 8" in figures.svg("real", frames)


FORMS = ("svg", "png", "pdf")


def test_figures_are_written_in_three_forms(frames, tmp_path):
    for run in ("a", "b"):
        figures.write("survival", frames, *(tmp_path / run / f"figure.{form}" for form in FORMS))
    text = (tmp_path / "a" / "figure.svg").read_text(encoding="utf-8")
    assert figures.read(tmp_path / "a" / "figure.svg") == figures.svg("survival", frames)
    assert 'style="background-color: #ffffff"' in text  # legible in a dark viewer
    ET.fromstring(text.encode())
    assert (tmp_path / "a" / "figure.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "a" / "figure.pdf").read_bytes().startswith(b"%PDF-1.4")
    for form in FORMS:
        assert (tmp_path / "a" / f"figure.{form}").read_bytes() == (
            tmp_path / "b" / f"figure.{form}"
        ).read_bytes()


@pytest.mark.parametrize("name", figures.FIGURES)
def test_a_style_is_written_as_attributes(name, frames):
    """A page may forbid style attributes and style sheets; their effect must remain."""
    text = figures.svg(name, frames)
    assert "style" not in text
    with style.styled():
        buffer = io.StringIO()
        figures.draw(name, frames).savefig(buffer, format="svg")
    drawn, own = list(ET.fromstring(buffer.getvalue()).iter()), list(ET.fromstring(text).iter())
    colours = {value for e in drawn for value in re.findall(r"#[0-9a-f]{6}", e.get("style", ""))}
    assert colours == {
        value for e in own for value in e.attrib.values() if re.fullmatch("#[0-9a-f]{6}", value)
    }
    count = sum(len(re.findall(r"[\w-]+:", e.get("style", ""))) for e in drawn)
    assert count == sum(bool(set(SPELLED) & {key}) for e in own[1:] for key in e.attrib)


SPELLED = (
    *("fill", "fill-opacity", "opacity", "stroke", "stroke-opacity", "stroke-width", "stroke-dasharray"),
    *("stroke-dashoffset", "stroke-linecap", "stroke-linejoin", "stroke-miterlimit", "image-rendering"),
)
"""Attributes of SVG, by its specification, that mean the same as the style property of that name."""


@pytest.mark.parametrize("name", figures.FIGURES)
def test_a_pdf_is_whole_names_no_version_and_rounds_as_an_svg_does(name, frames, tmp_path):
    figures.write(name, frames, *(tmp_path / f"figure.{form}" for form in FORMS))
    pdf = (tmp_path / "figure.pdf").read_bytes()
    for word in (b"matplotlib", b"Matplotlib", b"CreationDate", b"/Producer", b"/FlateDecode", b"/Type3"):
        assert word not in pdf
    assert b"/FontFile2" in pdf  # fonts are embedded
    # Every object is at the byte given in the table at the end.
    start = int(re.findall(rb"startxref\n(\d+)\n", pdf)[-1])
    offsets = [int(o) for o in re.findall(rb"(\d{10}) 00000 n", pdf[start:])]
    assert pdf[start:].startswith(b"xref")
    assert len(offsets) > 10
    assert all(re.match(rb"\d+ 0 obj", pdf[offset:]) for offset in offsets)
    drawn = b"".join(re.findall(rb"\nstream\n(?!\x00\x01\x00\x00)(.*?)\nendstream", pdf, re.DOTALL))
    numbers = re.findall(rb"\d+\.(\d+)", drawn)
    assert len(numbers) > 50
    assert not [n for n in numbers if n[6:].strip(b"0")]


def test_every_figure_has_a_caption_and_names_its_tables():
    assert {path.stem for path in CAPTIONS.glob("figure_*.rst")} == {
        f"figure_{name}" for name in figures.FIGURES
    }
    for entry in figures.FIGURES.values():
        assert set(entry.tables) <= set(TABLES)
        words = (CAPTIONS / f"figure_{entry.name}.rst").read_text(encoding="utf-8")
        assert not entry.tables or TABLES[entry.tables[0]].files()[0] in words


def test_an_interval_that_is_none_draws_nothing_and_an_open_end_a_stub():
    low, high = style.interval_ends(
        np.full(4, 10.0), np.array([0.0, 8.0, 0.0, 9.0]), np.array([np.inf, np.inf, 12.0, 11.0])
    )
    assert low.tolist() == [10.0, 8.0, 0.5, 9.0]
    assert high.tolist() == [10.0, 20.0, 12.0, 11.0]


def test_large_draws_of_the_size_of_the_study_are_not_taken_for_its_own(frames):
    table = frames["phase"].assign(n=200)
    rows = phase.phase_rows(frames | {"phase": table})
    assert not phase.own_rows(rows)["large"].any()
    assert phase.large_rows(rows)["large"].all()
    only = rows[~rows["large"]]
    pd.testing.assert_frame_equal(phase.large_rows(only), only)
    figures.draw("theory", frames | {"phase": table})


def test_settings_of_the_user_do_not_show_in_a_figure(frames, pictures, tmp_path):
    theirs = {
        "font.size": 20,
        "font.family": "serif",
        "axes.facecolor": "red",
        "axes.titlesize": 30,
        "lines.markersize": 20,
        "figure.dpi": 300,
        "savefig.bbox": "tight",
        "savefig.pad_inches": 1,
        "path.simplify": False,
        "xtick.direction": "in",
        "xtick.minor.visible": True,
        "axes.formatter.use_locale": True,
        "axes.xmargin": 0.3,
    }
    figures.write("slowdown", frames, *(tmp_path / f"plain.{form}" for form in ("svg", "png", "pdf")))
    with mpl.rc_context(theirs):
        for name, picture in pictures.items():
            assert figures.svg(name, frames) == picture, name
        figures.write("slowdown", frames, *(tmp_path / f"theirs.{form}" for form in ("svg", "png", "pdf")))
    for form in ("svg", "png", "pdf"):
        assert (tmp_path / f"theirs.{form}").read_bytes() == (tmp_path / f"plain.{form}").read_bytes()
