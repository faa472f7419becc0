"""Every page against the rules of axe-core, light and dark, wide and narrow, with every part open."""

from __future__ import annotations

import json
from importlib import resources

import pytest
import recorded
from browsing import opened
from study.benchmarks import history, history_page
from study.benchmarks import runs as benchmarks
from study.provenance import compare_studies

pytestmark = pytest.mark.integration

RUN = """async () => {
  const rules = { "label-content-name-mismatch": { enabled: true } };  // off unless asked for
  const found = await axe.run(document, { resultTypes: ["violations"], rules });
  const places = rule => rule.nodes.map(node => node.target.join(" ")).join(", ");
  return found.violations.map(rule => rule.id + ": " + places(rule));
}"""


@pytest.fixture(scope="module")
def axe():
    """axe-core itself; a page's own policy does not apply to what a test evaluates."""
    return resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def pages(file, frames, tmp_path_factory):
    """The report, a history of benchmarks and a comparison of two studies, by name."""
    folder = tmp_path_factory.mktemp("pages")
    for number in range(40):
        recorded.store(folder, number, recorded.run(number, machine="fast"))
    runs, problems = benchmarks.read([folder])
    out = {"report": file, "history": folder / "history.html", "comparison": folder / "studies.html"}
    out["history"].write_text(history_page.page(history.table(runs), problems), encoding="utf-8")
    other = frames["runs"].iloc[10:].assign(step=frames["runs"]["step"] + 1)
    for side, table, commit in (("a", frames["runs"], "aaa"), ("b", other, "bbb")):
        (folder / side / "tables").mkdir(parents=True)
        table.to_parquet(folder / side / "tables" / "runs.parquet")
        (folder / side / "summary.json").write_text(json.dumps({"commit": commit}))
    found = compare_studies.compare(folder / "a", folder / "b")
    out["comparison"].write_text(compare_studies.page(found), encoding="utf-8")
    return out


def violations(page, axe):
    page.eval_on_selector_all("details", "all => all.forEach(one => { one.open = true; })")
    page.evaluate(axe)
    return page.evaluate(RUN)


@pytest.mark.parametrize("name", ["report", "history", "comparison"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1440])
def test_no_rule_is_violated(browser, pages, axe, name, scheme, width):
    options = {"color_scheme": scheme, "viewport": {"width": width, "height": 900}}
    with opened(browser, pages[name], **options) as page:
        assert violations(page, axe) == []


def test_a_violation_would_be_found(browser, file, axe):
    with opened(browser, file) as page:
        page.evaluate("document.querySelector('#neuron-play').setAttribute('aria-label', 'something else')")
        page.evaluate("document.querySelector('.neuron tbody th').textContent = ''")
        found = violations(page, axe)
        assert {rule.split(":")[0] for rule in found} == {"label-content-name-mismatch", "empty-table-header"}


def test_no_two_controls_of_the_report_have_the_same_name(browser, file):
    """A reader who goes from control to control hears where each leads, not eighteen times the same."""
    script = """() => [...document.querySelectorAll("summary, button")].map(one =>
      one.getAttribute("aria-label") || one.textContent.trim().replace(/\\s+/g, " "))"""
    with opened(browser, file) as page:
        names = page.evaluate(script)
    assert len(names) == len(set(names)) > 20
