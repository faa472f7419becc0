from __future__ import annotations

import json
import math
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
import synthetic
from PIL import Image
from study import figures, report, wording
from study.catalogue import OF_A_STUDY
from study.dictionary import ALL
from study.figures.style import TARGETS
from study.files import digest
from study.report import card, document, first, grids, matrix, prose, sections, words
from study.report.answers import answer
from study.report.contents import contents
from study.statistics.headline import Headline
from study.tables import store
from synthetic import PROVENANCE, TRIED

pytestmark = pytest.mark.integration

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
def html(frames, pictures):
    return report.page(frames, PROVENANCE, pictures)


def test_the_page_is_well_formed_and_self_contained(html):
    page = Page(html)
    assert len(page.ids) == len(set(page.ids))
    assert {link for link in page.links if ":" in link} == {"data:,"}
    assert not re.search(r"(src|@import|url\()\s*[=(]?\s*[\"']?https?:", html)
    assert not [values for tag, values in page.tags if tag == "script" and "src" in values]
    assert not [tag for tag, _ in page.tags if tag in {"iframe", "object", "embed"}]
    (policy,) = [v["content"] for _, v in page.tags if v.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none';")
    assert "http" not in policy
    assert len(html.encode()) < 3_000_000
    inner = {link[1:] for link in page.links if link.startswith("#")}
    assert inner <= set(page.ids)


def test_every_link_to_a_file_is_to_one_that_the_study_writes(html):
    files = {link for link in Page(html).links if "/" in link}
    written = {file for table in ALL.values() for file in table.files()}
    pictures = {f"figures/{name}.{form}" for name in figures.FIGURES for form in ("svg", "png", "pdf")}
    assert files <= written | pictures
    assert pictures <= files
    assert {ALL[entry.tables[0]].files()[0] for entry in figures.FIGURES.values() if entry.tables} <= files


def test_the_page_can_be_used_without_eyes_or_mouse(html):
    page = Page(html)
    names = [tag for tag, _ in page.tags]
    assert names.count("h1") == names.count("main") == 1
    assert dict(page.tags)["html"] == {"lang": "en"}
    assert next(link for link in page.links if link.startswith("#")) == "#why"  # the skip link comes first
    assert (
        names.count("figcaption") == names.count("figure") == len(figures.FIGURES) + 2
    )  # and two of the explorer
    assert names.count("caption") == names.count("table") >= 5
    assert {v["for"] for tag, v in page.tags if tag == "label" and "for" in v} == {
        v["id"] for tag, v in page.tags if tag == "select" or v.get("type") == "range"
    }
    assert all(values.get("scope") in {"row", "col"} for tag, values in page.tags if tag == "th")
    assert all("tabindex" in values for tag, values in page.tags if values.get("class") == "scroll")
    assert "prefers-color-scheme: dark" in html


def test_the_first_screen_holds_question_answer_and_demonstration(html, frames):
    first = Page(html[: html.index("<nav")] + "</header></body></html>")
    assert first.text.count("?") == 1
    assert " ".join(report.answers.lede(frames, answer(frames), 0.95)) in first.text
    rows = frames["comparisons"].query("target == 'brier' and slowdown > 0")
    rows = rows[rows["common"] | (rows["policy"] == "tuned")]
    assert len(rows) > 4
    for row in rows.to_dict("records"):  # every ratio of the table of methods, with its steps
        assert words.times(row["slowdown"], bound=row["slowdown_bound"]) in first.text
        steps = (wording.steps(row[f"{side}_median"], row["budget"]) for side in ("contender", "baseline"))
        assert " : ".join(steps) in first.text
    assert "Understanding Maximum Likelihood Estimation in Supervised Learning" in first.text
    assert "neuron-chart" in first.ids
    assert "Steps are counted until a run's Brier score" in first.text
    assert "had not arrived when their budget ended" in first.text


def test_the_three_starts_stand_with_their_intervals_and_other_rates(html, frames):
    section = html[html.index('<section id="when"') :]
    text = Page(f"<main>{section[: section.index('</section>')]}</section></main>").text
    found = answer(frames)
    for start in (found["zero"], found["ordinary"], found["sure_wrong"]):
        for policy in ("equal", "equal_no_half", "tuned"):
            assert words.ratio(start[policy]) in text
            assert words.interval(start[policy], 0.95) in text


def test_the_prose_follows_the_numbers(frames):
    """Halve every MSE time: the page then says two where it said four."""
    runs = frames["runs"]
    fast = (runs["loss"] == "mse") & (runs["step"] > 0)
    halved = runs.assign(step=runs["step"].where(~fast, (runs["step"] + 1) // 2))
    found = answer(synthetic.summaries(halved, resamples=199))
    assert 1.9 < found["zero"]["equal"]["slowdown"] < 2.1
    cards, lede = first.cards(found), " ".join(first.lede(found))
    assert cards[0].value == words.times(found["zero"]["equal"]["slowdown"])
    assert f"MSE takes {cards[0].value} as many steps as BCE from an undecided start" in lede


def test_the_first_sentence_is_of_the_starts_that_there_are(frames):
    found = answer(frames)
    wrong, ordinary = (words.ratio(found[start]["equal"]) for start in ("sure_wrong", "ordinary"))
    both = first.lede(found)[0]
    assert "from an undecided start, and" in both
    sure = f"({100 * found['confidence']:g}% sure)"
    assert both.endswith(f"and {wrong} as many from a confidently wrong start {sure}.")
    real = first.lede(found | {"zero": None, "sure_wrong": None})[0]
    label = "from an ordinary small random start, on real data"
    assert real.endswith(f"MSE takes {ordinary} as many steps as BCE {label}.")
    alone = first.lede(found | {"zero": None, "ordinary": None})[0]
    assert alone.endswith(f"MSE takes {wrong} as many steps as BCE from a confidently wrong start {sure}.")
    assert first.lede(found | {"zero": None, "ordinary": None, "sure_wrong": None}) == []
    labels = [card.label for card in first.cards(found)]
    assert [label.startswith("as many steps as BCE from") for label in labels] == [True, False, False]
    assert first.cards(found | {"zero": None})[0].label == f"as many steps as BCE {label}"


@pytest.mark.parametrize("policy", ["equal_no_half", "tuned"])
def test_the_second_sentence_is_of_the_policies_that_all_starts_have(frames, policy):
    found = answer(frames)
    said = first.lede(found)[1]
    texts = {"equal_no_half": "in PyTorch and Keras, ", "tuned": "the best rate for each loss, "}
    clause = said[said.index(texts[policy]) :].split(";")[0]
    values = re.findall(r"(?:> )?[\d.,]+\N{MULTIPLICATION SIGN}", clause)
    assert values == [words.ratio(found[start][policy]) for start in ("zero", "sure_wrong")]
    without = found | {"zero": found["zero"] | {policy: None}}
    assert words.ratio(found["sure_wrong"][policy]) not in first.lede(without)[1]


def test_steps_and_counts_stand_next_to_each_ratio(frames):
    found = answer(frames)
    zero = found["zero"]["equal"]
    detail = first.cards(found)[0].detail
    assert f"Median steps MSE {zero['mse_median']:.0f}, BCE {zero['bce_median']:.0f};" in detail
    compared = zero["starts"] - zero["at_start"]
    assert f"MSE slower in {zero['slower']} and faster in {zero['faster']} of {compared} pairs" in detail
    met = found | {"zero": found["zero"] | {"equal": zero | {"at_start": 7}}}
    assert "in 7 of which the target held before the first step" in first.cards(met)[0].detail


def test_other_targets_and_real_data_are_said_with_their_numbers(frames):
    found = answer(frames)
    said = " ".join(first.counting(found))
    pooled = frames["answers"].query("policy == 'equal'").set_index(["initialisation", "scale", "target"])
    for target, name in (("accuracy", "accuracy"), ("logloss", "log loss")):
        rows = [pooled.loc[("zero", 0.0, target)], pooled.loc[("sure_wrong", found["confidence"], target)]]
        assert f"{' and '.join(words.ratio(row) for row in rows)} to the {name}" in said
    real = frames["slowdown"].query(
        "initialisation == 'zero' and policy == 'equal' and rate == 1 and target == 'brier' and slowdown > 0"
    )
    real = real[real["separability"].isna()]
    ends = [found["zero"]["real"][end][0] for end in ("lowest", "highest")]
    assert ends == [real["slowdown"].min(), real["slowdown"].max()]
    assert f"on the {len(real)} real ones)" in first.cards(found)[0].detail


def test_the_surest_start_is_called_that(frames):
    found = answer(frames)
    detail = first.cards(found | {"confidence": max(start["scale"] for start in found["confident"])})[
        -1
    ].detail
    assert f"the surest of the {len(found['confident'])} starts tried" in detail
    assert "surest" not in first.cards(found | {"confidence": 0.6})[-1].detail


def test_cells_at_the_best_rates_are_sorted_by_which_loss_is_slower(frames):
    cells = frames["slowdown"].copy()
    tuned = cells[(cells["policy"] == "tuned") & (cells["target"] == "brier") & (cells["slowdown"] > 0)]
    tuned = tuned[(tuned["initialisation"] == "zero")].index
    cells = cells.loc[tuned].assign(mse_median=9.0, bce_median=3.0, slowdown_low=0.5, slowdown_high=2.0)
    cells.loc[tuned[0], ["slowdown_low", "slowdown_high"]] = [1.5, 2.0]
    cells.loc[tuned[1], ["slowdown_low", "slowdown_high"]] = [0.5, 0.9]
    cells.loc[tuned[2], ["mse_median", "bce_median"]] = 1.0
    said = prose.guilt_prose(frames | {"slowdown": cells})[-1]
    rest = len(tuned) - 3
    assert (
        f"slower in 1 and faster in 1; in 1 both losses need a single step, and {rest} are undecided" in said
    )


def test_a_best_rate_at_the_end_of_the_grid_is_reported(frames):
    found = answer(frames)
    for edges in (0, 2):
        known = found | {"sure_wrong": found["sure_wrong"] | {"edges": edges}}
        label = first.cards(known)[-1].others[-1][1]
        assert ("in 2 of the data sets MSE's is the largest tried" in label) == bool(edges)
        assert ("is the largest tried" in prose.policy_prose(known)[-1]) == bool(edges)


def test_what_had_not_arrived_is_counted_at_rates_up_to_1_over_l_and_above(frames):
    found = answer(frames)
    text = " ".join(first.counting(found))
    ends = frames["ends"].query("target == 'brier' and loss == 'mse'")
    for stable, beginning in ((True, "Over all starts"), (False, "At the larger rates")):
        (row,) = ends[ends["stable"] == stable].to_dict("records")
        share = wording.percent(row["runs"] - row["reached"], row["runs"])
        assert f"{share} of the MSE runs" in text[text.index(beginning) :]


def test_law_prose_counts_the_cells_of_the_finest_rate(frames):
    cells = frames["slowdown"].copy()
    zero = cells.query("initialisation == 'zero' and policy == 'equal' and rate == 0.25")
    scores, accuracy = (zero.index[zero["target"] != "accuracy"], zero.index[zero["target"] == "accuracy"])
    cells.loc[scores, ["slowdown", "slowdown_bound"]] = [4.2, False]
    (near,) = prose.law_prose(cells)
    assert "0.25/L" in near
    assert f"(there are {len(scores)}) is 4.2\N{MULTIPLICATION SIGN}" in near
    cells.loc[scores[:2], "slowdown"] = [9.0, 5.0]
    cells.loc[scores[0], "slowdown_bound"] = True
    cells.loc[accuracy[:3], ["mse_median", "bce_median"]] = 1.0
    _, above, at_once = prose.law_prose(cells)
    assert above.startswith("More than a tenth above 4 lie 2, up to > 9\N{MULTIPLICATION SIGN} (")
    assert f"In 3 of {len(accuracy)} cells" in at_once


@pytest.mark.parametrize(
    ("equal", "tuned", "text"),
    [
        (10.0, 2.5, "buy back a factor of 4, and 2.5\N{MULTIPLICATION SIGN} remains"),
        (10.0, 12.0, "buy nothing back, and 12\N{MULTIPLICATION SIGN} remains"),
        (math.inf, 12.0, "only a bound is known"),
    ],
)
def test_policy_prose_follows_the_decomposition(equal, tuned, text):
    def record(value):
        return {"slowdown": min(value, 800.0), "slowdown_bound": math.isinf(value), "text": ""}

    entry = {"scale": 0.99, "equal": record(equal), "equal_no_half": None, "smoothness": None, "edges": 0}
    assert text in prose.policy_prose({"sure_wrong": entry | {"tuned": record(tuned)}})[1]


def test_edge_prose_counts_best_rates_at_the_end_of_the_grid(frames):
    tuned = frames["slowdown"].query("policy == 'tuned'")
    largest = Headline.read(frames["headline"]).largest_rate
    cells = frames["slowdown"].copy()
    for loss, number in (("mse", 3), ("bce", 1)):
        cells.loc[tuned.index, f"rate_{loss}"] = 1.0
        cells.loc[tuned.index[:number], f"rate_{loss}"] = largest[loss]
    said = prose.edge_prose(cells, Headline.read(frames["headline"]))
    assert said.endswith("MSE's in 3, BCE's in 1.")


def test_bounds_read_as_bounds():
    record = {
        "slowdown": 812.9,
        "slowdown_bound": True,
        "mse_censored": 9,
        "mse_diverged": 1,
        "starts": 12,
        "budget": 20_000,
    }
    assert words.ratio(record) == "> 812\N{MULTIPLICATION SIGN}"
    assert (
        words.interval(record, 0.95) == "a lower bound: 10 of 12 MSE runs had not arrived after 20,000 steps"
    )
    clear = {"slowdown": 5.4, "slowdown_bound": False, "slowdown_low": 4.9, "slowdown_high": math.inf}
    clear |= {"starts": 7, "at_start": 1}
    assert words.interval(clear, 0.9) == "90% interval from 4.9, no upper limit"
    assert words.interval(clear | {"slowdown_low": 0.0}, 0.95) == "95% interval without limits"
    few = clear | {"slowdown_low": 0.0, "starts": 6}
    assert words.interval(few, 0.95) == "no 95% interval: 5 pairs are too few"
    assert words.interval(few | {"starts": 2}, 0.95) == "no 95% interval: 1 pair is too few"


@pytest.mark.parametrize("name", TRIED)
def test_extreme_studies_make_a_whole_page_and_a_summary(name, extreme):
    few = extreme(name)
    page = Page(report.page(few, PROVENANCE, synthetic.pictures(few)))
    report.markdown(few, PROVENANCE)
    assert re.search(r"\bnan\b", page.text) is None
    json.dumps(report.summary(few, PROVENANCE), allow_nan=False)
    if name == "one loss":
        assert "nothing to compare in this study: it holds no run with MSE" in page.text
    if name == "no real data":
        assert "no runs on real data" in page.text


def test_a_study_in_which_nothing_arrives_prints_no_number(frames):
    runs = frames["runs"].assign(status="censored", step=-1)
    dead = synthetic.subset(frames | {"runs": runs}, lambda r: r["run"] >= 0)
    dead |= {name: frames[name].iloc[:0] for name in ("phase", "sensitivity", "comparisons", "experiments")}
    page = Page(report.page(dead, PROVENANCE, synthetic.pictures(dead)))
    assert "unknown" in page.text
    assert "This study gives no slowdown" in page.text
    assert "100% of the MSE runs and 100% of the BCE runs had not arrived" in page.text
    assert not re.search(r"\d\N{MULTIPLICATION SIGN}", page.text)


def test_names_and_config_are_escaped(html):
    assert "digits <3>" not in html
    assert "digits &lt;3&gt; &amp; 8" in html
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)" in html
    assert "Statement &lt;A1&gt; of a text, in words &amp;" in html


def test_the_page_is_the_same_bytes_again_and_knows_no_clock(html, frames, pictures):
    assert html == report.page(frames, PROVENANCE, pictures)
    assert not re.search(r"\b20\d\d-\d\d-\d\d\b", html)


def test_the_summary_repeats_the_tables(frames):
    out = report.summary(frames, PROVENANCE)
    assert out["counts"]["runs"] == frames["runs"]["run"].nunique()
    assert out["counts"]["bounds"] == frames["slowdown"]["slowdown_bound"].sum()
    assert out["answer"]["zero"]["equal"]["text"].startswith(
        f"{out['answer']['zero']['equal']['slowdown']:.3g}"[:3]
    )
    assert out["digests"] == PROVENANCE.digests
    assert sum(row["runs"] for row in out["ends"]) == len(frames["runs"])
    assert json.loads(json.dumps(out, allow_nan=False)) == out


def test_files_are_written_whole(frames, pictures, html, tmp_path):
    for name in OF_A_STUDY:
        for file in ALL[name].files():
            store.write(frames[name], ALL[name], tmp_path / file)
    args = {"commit": "c0ffee", "config": "a: 1\n"}
    names = ("report.html", "report.md", "summary.json", "card.png")
    for name, text in pictures.items():
        (tmp_path / f"{name}.svg").write_text(
            figures._PROLOGUE + text.removeprefix("<svg "), encoding="utf-8"
        )
    report.write(
        tmp_path / "tables", sorted(tmp_path.glob("*.svg")), *(tmp_path / name for name in names), **args
    )
    out = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    assert out["digests"]["tables/runs.parquet"] == digest(tmp_path / "tables" / "runs.parquet")
    assert set(out["digests"]) == {file for name in OF_A_STUDY for file in ALL[name].files()}
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert all(digest in text for digest in out["digests"].values())
    assert "c0ffee" in text
    assert re.findall(r"<svg.*?</svg>", text, re.DOTALL) == re.findall(r"<svg.*?</svg>", html, re.DOTALL)
    assert {path.name for path in tmp_path.iterdir() if path.suffix != ".svg"} == {*names, "tables"}


def test_the_card_has_the_size_that_links_show_and_the_ratios_of_the_first_screen(frames, tmp_path):
    card.write(frames, tmp_path / "card.png")
    with Image.open(tmp_path / "card.png") as picture:
        assert picture.size == (1200, 630)
    said = {text.get_text() for text in card.draw(frames).texts}
    equal = frames["comparisons"].query("target == 'brier' and policy == 'equal' and common and slowdown > 0")
    assert {
        words.times(row["slowdown"], bound=row["slowdown_bound"]) for row in equal.to_dict("records")
    } <= said
    none = frames | {"comparisons": frames["comparisons"].iloc[:0]}
    assert not [text for text in card.draw(none).texts if "\N{MULTIPLICATION SIGN}" in text.get_text()]


def numbers(text):
    """The numbers of a text, in order; those of addresses, code and digests left out."""
    text = re.sub(r"\]\([^)]*\)|`[^`]*`|tables/\S+|figures/\S+", " ", text)
    return re.findall(r"\d+(?:,\d+)*(?:\.\d+)?(?:e[-+]?\d+)?", text)


def test_the_markdown_has_the_numbers_of_the_page(html, frames):
    """The same content in both: sentences, cards and rows of every table, as they are printed."""
    text = report.markdown(frames, PROVENANCE)
    plain = re.sub(r"\\(.)", r"\1", text)
    page = Page(html)
    content = contents(frames, PROVENANCE)
    for key in (
        "lede",
        "phase_prose",
        "law_prose",
        "policy_prose",
        "real_prose",
        "claims_prose",
        "guilt",
        "minima_prose",
    ):
        for sentence in content[key]:
            assert sentence in plain, key
            assert re.sub(r"\s+", " ", sentence) in page.text, key
    for one in content["cards"]:
        assert all(part in plain and part in page.text for part in (one.value, one.interval, one.detail))
    # A number of the Markdown outside of pictures' words is on the page too.
    shown = set(numbers(page.text)) | set(numbers(PROVENANCE.commit))
    prose = re.sub(r"!\[.*?\]\(.*?\)", "", plain)
    assert set(numbers(prose)) - shown <= set(numbers(" ".join(PROVENANCE.digests.values())))


def test_markdown_tables_keep_their_shape(frames):
    """A bar in a cell does not end it, and a tag is not taken for one."""
    text = report.markdown(frames, PROVENANCE)
    assert r"digits \<3\> & 8" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    widths = [len(re.findall(r"(?<!\\)\|", line)) for line in rows]
    heads = [i for i, line in enumerate(rows) if set(line) == set("|-")]
    for begin, end in zip(heads, [*[h - 1 for h in heads[1:]], len(rows)], strict=True):
        assert set(widths[begin - 1 : end]) == {widths[begin]}
    assert document.escape("a|b <i> [x] *") == r"a\|b \<i\> \[x\] \*"


def test_markdown_shows_every_figure_in_paragraphs_of_its_own(frames):
    text = report.markdown(frames, PROVENANCE)
    blocks = text.split("\n\n")
    for name in figures.FIGURES:
        (at,) = (i for i, block in enumerate(blocks) if block.endswith(f"(figures/{name}.svg)"))
        assert blocks[at].startswith("![")
        assert blocks[at + 1].startswith("*")
        assert "\n" not in blocks[at + 1]
    assert all(block.startswith("#") for block in blocks if "\n#" in f"\n{block}")


def test_the_law_is_laid_out_for_the_targets_of_the_study(frames):
    cells = frames["slowdown"]
    assert grids.law_grid(cells).head[2:] == ["accuracy", "Brier score", "log loss"]
    assert grids.law_grid(cells[cells["target"] == "logloss"]).head[2:] == ["log loss"]


def test_claims_are_in_order_with_mark_and_word(frames):
    grid = grids.claims_grid(frames["claims"])
    assert [row[0] for row in grid.rows] == [
        f"{s}{n}" for s, k in (("A", 8), ("R", 11), ("N", 3)) for n in range(1, k + 1)
    ]
    assert {row[3] for row in grid.rows} == {f"{mark} {verdict}" for verdict, mark in words.MARKS.items()}
    doctored = frames["claims"].assign(verdict="fails")
    assert prose.claims_prose(doctored)[0].endswith("fails: 8.")


def test_minima_prose_counts_basins(frames):
    assert "2 of MSE and 1 of BCE" in prose.minima_prose(frames["minima"])[0]
    assert "several basins" in prose.minima_prose(frames["minima"])[1]
    assert len(prose.minima_prose(frames["minima"].query("minimum == 0"))) == 1


def test_phase_prose_follows_the_table(frames):
    rows = frames["phase"]
    few, many = prose.phase_prose(frames)[-2:]
    # Of 36 points each, the law is expected where e^a is at most 0.3 sqrt(n): up to a = 1, and up to a = 4.
    assert few.startswith(
        "On 200 samples the law for infinitely many is expected to hold, up to chance, at 12 of 36 points: "
    )
    assert few.endswith(
        "at 12 too few samples lie near the boundary, where MSE's gradient comes from, "
        "and at 24 their chance deviations bend the path."
    )
    assert (
        "at 24 of 36 points: there the flow is 1.04 times the law. At the other 12 it is 1.04 times: " in many
    )
    near = rows.assign(flow=rows["predicted"], spread=0.0, path_deviation=0.3)
    assert prose.phase_prose(frames | {"phase": near})[-1].endswith(
        "at 36 of 36 points: there the flow is 1 times the law."
    )
    far = prose.phase_prose(frames | {"phase": rows.assign(spread=0.31)})[-2]
    assert "at 0 of 36 points. At the other 36 it is between" in far
    own = rows[~rows["large"]]
    stepped, flowed, _ = prose.phase_prose(frames | {"phase": own})
    reached = own.loc[(own["stepped"] > 0) & ~own["stepped_bound"], "stepped"]
    assert f"from {words.times(reached.min())} to {words.times(reached.max())}." in stepped
    last = own[~own["flow_bound"]].sort_values("flow").iloc[-1]
    assert f"up to {words.times(last['flow'])} (interval " in flowed
    single = prose.phase_prose(frames | {"phase": own.assign(starts=1)})[1]
    assert "which have no interval" in single
    assert "(interval" not in single


def test_without_a_slowdown_the_phase_diagram_says_so(frames):
    nothing = frames["phase"].assign(stepped=math.nan, flow_bound=True)
    assert prose.phase_prose(frames | {"phase": nothing})[0].startswith("No slowdown from wrong starts")


def test_what_mse_is_not_to_blame_for_is_counted(frames):
    sentences = prose.guilt_prose(frames)
    assert sentences[0].startswith(
        "Learning: from a zero start at 1/L, MSE reached the target for the Brier score in 100% of 64 runs"
    )
    lost = frames["arrivals"].assign(
        reached=frames["arrivals"]["reached"].where(frames["arrivals"]["loss"] != "mse", 0)
    )
    assert (
        "MSE reached the target for the Brier score in 0% of 64 runs"
        in prose.guilt_prose(frames | {"arrivals": lost})[0]
    )


def test_every_page_has_a_caption():
    captions = {path.stem for path in (Path(__file__).parents[2] / "workflow" / "report").glob("*.rst")}
    shown = {
        f"table_{name}" for name, table in ALL.items() if ".csv" in table.suffixes
    }  # no viewer for parquet
    named = {f"figure_{name}" for name in figures.FIGURES} | shown
    assert captions == named | {"page_report", "page_summary", "page_history", "study"}


@pytest.mark.parametrize("target", TARGETS)
def test_the_first_screen_says_what_a_number_of_steps_counts(target):
    held, touched = first.unit(target, 10)[0], first.unit(target, 1)[0]
    assert held == touched.replace("attain.", "attain, and stays there for 10 steps.")
    assert TARGETS[target] in held.lower().replace("brier", "Brier")


def test_a_colour_says_which_loss_is_slower_only_where_the_whole_interval_does(frames):
    table = frames["comparisons"]
    colours = set()
    for low, high in ((1.2, 3.0), (1.0, 3.0), (0.5, 1.0), (0.5, 0.9), (0.0, 3.0), (2.0, math.inf)):
        cell = matrix.matrix(table.assign(slowdown_low=low, slowdown_high=high), "brier").rows[0][1][0][0]
        if not cell.value.startswith(">"):
            assert cell.css == ("slower" if low > 1 else "faster" if high < 1 else "same")
            colours.add(cell.css)
    assert colours == {"slower", "faster", "same"}


def test_bars_are_logarithmic_and_begin_at_one(frames):
    """The length of a bar is the logarithm of its ratio, in one scale for the whole table."""
    table = matrix.matrix(frames["comparisons"], "brier")
    drawn = [cell for _, cells in table.rows for policies in cells for cell in policies if cell.bar]
    assert {cell.css for cell in drawn} >= {"slower", "faster"}
    unit = {}
    for cell in drawn:
        ratio = float(cell.value.strip("> \N{MULTIPLICATION SIGN}").replace(",", ""))
        left, length = cell.bar
        assert (left if ratio > 1 else left + length) == pytest.approx(table.one, abs=0.11)
        if abs(math.log(ratio)) > 0.2:
            unit[cell.value] = length / abs(math.log(ratio))
    assert max(unit.values()) == pytest.approx(min(unit.values()), rel=0.05)


def test_open_ends_of_intervals_are_said_and_no_zero_or_infinity_is_printed():
    assert words.ends_of_interval(2.0, 3.5) == "2 to 3.5"
    assert words.ends_of_interval(0.0, 6.33) == "up to 6.33"
    assert words.ends_of_interval(4.51, math.inf) == "from 4.51"
    assert words.ends_of_interval(0.0, math.inf) == "no interval"


def test_headings_say_what_was_found(frames, html):
    found = answer(frames)
    said = sections.headings(frames, found)
    assert list(said) == re.findall(r'<section id="(\w+)"', html)
    sure = found["confident"]
    for start in (sure[0], sure[-1]):
        assert f"{words.ratio(start['equal'])} from {100 * start['scale']:g}% sure" in said["when"]
    tuned = words.ratio(found["sure_wrong"]["tuned"])
    assert said["rate"].endswith(f"{words.ratio(found['sure_wrong']['equal'])} becomes {tuned}")
    claims = frames["claims"].query("source == 'article'")
    assert said["claims"].startswith(f"Of the article's {len(claims)} claims, ")
    assert sum(map(int, re.findall(r"(\d+) ", said["claims"].split(", ", 1)[1]))) == len(claims)


def test_a_heading_does_not_say_what_the_numbers_deny(frames):
    """Wrong starts that do not get slower as they get surer, and a study without Adam."""
    found = answer(frames)
    first_one, last = found["confident"][0], found["confident"][-1]
    slow = first_one | {"equal": first_one["equal"] | {"slowdown": 2 * last["equal"]["slowdown"]}}
    turned = found | {"confident": [slow, *found["confident"][1:]]}
    assert "surer" in sections.headings(frames, found)["when"]
    assert "surer" not in sections.headings(frames, turned)["when"]
    few = frames | {"comparisons": frames["comparisons"].query("label != 'Adam'")}
    assert "Adam" not in sections.headings(few, found)["others"]


def test_decimal_points_stand_below_each_other():
    blank = "\N{FIGURE SPACE}"
    rows = [["a", "6.5 [6, 7]"], ["b", "73.2"], ["c", "none"], ["d", "1,210"]]
    shown = grids.Grid("t", ["x", "y"], rows, 1, "f").aligned
    assert [row[1] for row in shown] == [f"{4 * blank}6.5 [6, 7]", f"{3 * blank}73.2", "none", "1,210"]
    assert [row[0] for row in shown] == ["a", "b", "c", "d"]
