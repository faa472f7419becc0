from __future__ import annotations

import json
import math
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
import synthetic
from study import figures, report, statistics, tables
from synthetic import EXTREMES, subset

PROVENANCE = report.Provenance(
    commit="0123456789abcdef",
    config="seeds: [0, 1]  # <script>alert(1)</script>\n",
    versions={"numpy": "2.4.6"},
    digests={"tables/slowdown.csv": "ab" * 32},
)
VOID = {"meta", "link", "br", "hr", "img", "input"}


class Page(HTMLParser):
    """Reads a page: checks that tags nest, collects ids, links, headings, captions and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.tags.append((tag, values))
        self.ids += [values["id"]] if "id" in values else []
        self.links += [values[key] for key in ("href", "src", "xlink:href") if key in values]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"title", "style", "svg"} & set(self.open):
            self.words.append(data)

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.words))


@pytest.fixture(scope="module")
def html(frames):
    return report.page(frames, PROVENANCE)


def test_the_page_is_well_formed_and_stands_alone(html):
    page = Page(html)
    assert len(page.ids) == len(set(page.ids))
    assert {link for link in page.links if ":" in link} == {"data:,"}
    assert not re.search(r"(src|@import|url\()\s*[=(]?\s*[\"']?https?:", html)
    assert not [tag for tag, _ in page.tags if tag in {"script", "iframe", "object", "embed"}]
    assert len(html) < 5_000_000
    inner = {link[1:] for link in page.links if link.startswith("#")}
    assert inner <= set(page.ids)


def test_every_link_to_a_file_is_to_one_that_the_study_writes(html):
    files = {link for link in Page(html).links if "/" in link}
    written = {file for table in tables.TABLES.values() for file in table.files()}
    written |= {f"figures/{name}.svg" for name in figures.FIGURES}
    assert files <= written
    assert {f"figures/{name}.svg" for name in figures.FIGURES} <= files


def test_the_page_can_be_used_without_eyes_or_mouse(html):
    page = Page(html)
    names = [tag for tag, _ in page.tags]
    assert names.count("h1") == names.count("main") == 1
    assert dict(page.tags)["html"] == {"lang": "en"}
    assert next(link for link in page.links if link.startswith("#")) == "#why"  # the skip link comes first
    assert names.count("figcaption") == names.count("figure") == len(figures.FIGURES)
    assert names.count("caption") == names.count("table") > 5
    assert all(values.get("scope") in {"row", "col"} for tag, values in page.tags if tag == "th")
    assert all("tabindex" in values for tag, values in page.tags if values.get("class") == "scroll")
    assert "prefers-color-scheme: dark" in html


def test_the_first_screen_holds_question_answer_and_picture(html, frames):
    first = Page(html[: html.index("<nav")] + "</header></body></html>")
    found = statistics.answer(frames["runs"], frames["slowdown"], synthetic.OWN_RATES)
    assert first.text.count("?") == 1
    entry = found["wrong"][found["featured"]]
    for record in (found["zero"], entry["equal"], entry["tuned"]):
        assert report.ratio(record) in first.text
        assert report.interval(record, 0.95) in first.text
    assert [tag for tag, _ in first.tags].count("svg") == 1
    assert "factor that vanishes" in first.text


def test_the_prose_follows_the_numbers(frames):
    """Halve every MSE time: the page then says two where it said four."""
    runs = frames["runs"]
    fast = (runs["loss"] == "mse") & (runs["step"] > 0)
    halved = runs.assign(step=runs["step"].where(~fast, (runs["step"] + 1) // 2))
    cells = statistics.slowdown(halved, synthetic.OWN_RATES)
    found = statistics.answer(halved, cells, synthetic.OWN_RATES)
    assert 1.9 < found["zero"]["slowdown"] < 2.1
    cards, lede = report.cards(found), " ".join(report.lede(found))
    assert cards[0].value == report.times(found["zero"]["slowdown"])
    assert f"from a neutral start, {cards[0].value}" in lede.lower()


def test_law_prose_counts_the_cells_of_the_finest_rate(frames):
    cells = frames["slowdown"].copy()
    zero = cells.query("initialisation == 'zero' and policy == 'equal' and rate == 0.25")
    scores, accuracy = (zero.index[zero["target"] != "accuracy"], zero.index[zero["target"] == "accuracy"])
    cells.loc[scores, ["slowdown", "slowdown_bound"]] = [4.2, False]
    (near,) = report.law_prose(cells)
    assert "0.25/L" in near
    assert f"(there are {len(scores)}) is 4.2\N{MULTIPLICATION SIGN}" in near
    cells.loc[scores[:2], "slowdown"] = [9.0, 5.0]
    cells.loc[scores[0], "slowdown_bound"] = True
    cells.loc[accuracy[:3], ["mse_median", "bce_median"]] = 1.0
    _, above, at_once = report.law_prose(cells)
    assert above.startswith("More than a tenth above 4 lie 2, up to > 9\N{MULTIPLICATION SIGN} (")
    assert f"In 3 of {len(accuracy)} cells" in at_once


@pytest.mark.parametrize(
    ("equal", "tuned", "said"),
    [
        (10.0, 2.5, "buy back a factor of 4, and 2.5\N{MULTIPLICATION SIGN} remains"),
        (10.0, 12.0, "buy nothing back here"),
        (math.inf, 12.0, "only a bound is known"),
    ],
)
def test_policy_prose_follows_the_decomposition(equal, tuned, said):
    def record(value):
        return {"slowdown": min(value, 800.0), "slowdown_bound": math.isinf(value), "text": ""}

    entry = {"scale": 4.0, "equal": record(equal), "smoothness": None, "tuned": record(tuned)}
    found = {"wrong": [entry], "featured": 0, "setting": ("gaussian", 2.0)}
    assert said in report.policy_prose(found)[1]


def test_edge_prose_counts_best_rates_at_the_end_of_the_grid(frames):
    tuned = frames["slowdown"].query("policy == 'tuned'")
    edge = [int((tuned[f"rate_{loss}"] == 4.0).sum()) for loss in ("mse", "bce")]
    assert edge[0] > 0
    assert f"MSE's in {edge[0]:,}, BCE's in {edge[1]:,}." in report.edge_prose(frames["slowdown"])


def test_bounds_read_as_bounds():
    record = {
        "slowdown": 812.9,
        "slowdown_bound": True,
        "mse_censored": 9,
        "mse_diverged": 1,
        "starts": 12,
        "budget": 20_000,
    }
    assert report.ratio(record) == "> 812\N{MULTIPLICATION SIGN}"
    assert report.interval(record, 0.95) == "a lower bound: 10 of 12 MSE runs had not arrived after 20,000 steps"
    clear = {"slowdown": 5.4, "slowdown_bound": False, "slowdown_low": 4.9, "slowdown_high": math.inf}
    assert report.interval(clear, 0.9) == "90% interval from 4.9, no upper limit"


@pytest.mark.parametrize("extreme", EXTREMES)
def test_extreme_studies_make_a_whole_page_and_a_summary(extreme, frames):
    few = subset(frames, EXTREMES[extreme])
    page = Page(report.page(few, PROVENANCE))
    assert re.search(r"\bnan\b", page.text) is None
    json.dumps(report.summary(few, PROVENANCE), allow_nan=False)
    if extreme == "one loss":
        assert "nothing to compare in this study: it holds no run with MSE" in page.text
    if extreme == "no real data":
        assert "no runs on real data" in page.text


def test_a_study_in_which_nothing_arrives_prints_no_number(frames):
    runs = frames["runs"].assign(status="censored", step=-1)
    cells = statistics.slowdown(runs, synthetic.OWN_RATES)
    dead = frames | {"runs": runs, "slowdown": cells, "decomposition": statistics.decomposition(cells)}
    page = Page(report.page(dead, PROVENANCE))
    assert "unknown" in page.text
    assert "100% of the MSE runs and 100% of the BCE runs did not arrive" in page.text
    assert not re.search(r"\d\N{MULTIPLICATION SIGN}", page.text)


def test_names_and_config_are_escaped(html):
    assert "digits <3>" not in html
    assert "digits &lt;3&gt; &amp; 8" in html
    assert "<script>" not in html
    assert "&lt;script&gt;alert(1)" in html


def test_the_page_is_the_same_bytes_again_and_knows_no_clock(html, frames):
    assert html == report.page(frames, PROVENANCE)
    assert not re.search(r"\b20\d\d-\d\d-\d\d\b", html)


def test_the_summary_repeats_the_tables(frames):
    out = report.summary(frames, PROVENANCE)
    assert out["counts"]["runs"] == frames["runs"]["run"].nunique()
    assert out["counts"]["bounds"] == frames["slowdown"]["slowdown_bound"].sum()
    assert out["answer"]["zero"]["text"].startswith(f"{out['answer']['zero']['slowdown']:.3g}"[:3])
    assert out["digests"] == PROVENANCE.digests
    assert sum(row["runs"] for row in out["ends"]) == (frames["runs"]["role"] == "evaluation").sum()
    assert json.loads(json.dumps(out, allow_nan=False)) == out


def test_files_are_written_whole(frames, tmp_path):
    for name, frame in frames.items():
        for file in tables.TABLES[name].files():
            tables.write(frame, name, tmp_path / file)
    args = {"commit": "c0ffee", "config": "a: 1\n"}
    report.write(tmp_path / "tables", tmp_path / "report.html", tmp_path / "summary.json", **args)
    out = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    assert out["digests"]["tables/runs.parquet"] == tables.digest(tmp_path / "tables" / "runs.parquet")
    assert set(out["digests"]) == {file for name in frames for file in tables.TABLES[name].files()}
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert all(digest in text for digest in out["digests"].values())
    assert "c0ffee" in text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "summary.json", "tables"]


def test_every_page_has_a_caption():
    captions = {path.stem for path in (Path(__file__).parents[2] / "workflow" / "report").glob("*.rst")}
    named = {f"figure_{name}" for name in figures.FIGURES} | {
        f"table_{name}" for name in tables.TABLES if name != "plan"
    }
    assert captions == named | {"page_report", "page_summary", "study"}
