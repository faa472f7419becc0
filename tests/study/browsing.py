"""What the tests of the page in a real browser share: the page opened in it, and what its explorer shows."""

from __future__ import annotations

from contextlib import contextmanager

from study import wording
from study.figures.style import POLICY_NAMES
from study.report import words

CONTROLS = ("data", "separability", "start", "scale", "policy", "rate", "target")

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
    const name = node.tagName + "." + node.getAttribute("class");
        out.push([(a + 0.05) / (b + 0.05), name + ": " + node.textContent.slice(0, 40)]);
  }
  return out.sort((x, y) => x[0] - y[0]);
}
"""
"""Contrast of every text with what is behind it, the least first, and the text."""


@contextmanager
def opened(browser, file, address="", **options):
    """The open page; at the end, nothing was requested from the network and the console is empty."""
    context = browser.new_context(**options)
    page, requests, complaints = context.new_page(), [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(file.as_uri() + address)
    yield page
    context.close()
    assert complaints == []
    # Saved pictures are drawn from data: URLs, which send no requests.
    assert {url.split("#")[0] for url in requests if not url.startswith(("data:", "blob:"))} == {
        file.as_uri()
    }


def unfold(page):
    """Open every fold, and show the picture that stands for the demonstration where it does not run."""
    page.eval_on_selector_all("details", "all => all.forEach(one => { one.open = true; })")
    page.eval_on_selector_all(".replaced", "all => all.forEach(one => one.classList.remove('replaced'))")


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
        i
        for i, s in enumerate(data["starts"])
        if (s["name"], s["scale"]) == (chosen["start"], chosen["scale"])
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
    texts = cell(data, choice(page))
    assert page.inner_text("#explorer-value") == (texts[0] or "")
    label = "as many steps with MSE as with BCE" if texts[0] else "No ratio can be given:"
    assert page.inner_text("#explorer-label") == label
    assert page.inner_text("#explorer-interval") == texts[1]
    steps = page.inner_text("#explorer-steps")
    assert f"MSE: median {texts[4]} steps, {texts[6]} of {texts[8]} runs arrived" in steps
    assert f"BCE: median {texts[5]} steps, {texts[7]} of {texts[8]} runs arrived" in steps


def row(frames, chosen):
    """The row of the table `slowdown` for a choice."""
    cells = frames["slowdown"]
    here = (cells["dataset"] == chosen["data"]) & (cells["initialisation"] == chosen["start"])
    here &= (cells["policy"] == chosen["policy"]) & (cells["target"] == chosen["target"])
    for column, control in (("separability", "separability"), ("scale", "scale"), ("rate", "rate")):
        here &= cells[column] == float(chosen[control]) if chosen[control] else cells[column].isna()
    (found,) = cells[here].to_dict("records")
    return found


def true(page, frames, level=0.95):
    """The page prints what the table says for the choice."""
    found = row(frames, choice(page))
    # A 0 says that nothing is known but, sometimes, a limit: see `study.statistics.pairs.pairs`.
    known = found["slowdown"] > 0 or (found["slowdown"] == 0 and found["text"].startswith("< "))
    assert page.inner_text("#explorer-value") == (words.ratio(found) if known else "")
    assert page.inner_text("#explorer-interval") == words.interval(found, level)
    steps, where = page.inner_text("#explorer-steps"), page.inner_text("#explorer-where")
    for loss in ("mse", "bce"):
        median = wording.steps(found[f"{loss}_median"], found["budget"])
        arrived = f"{found[f'{loss}_reached']} of {found['starts']} runs arrived"
        assert f"{loss.upper()}: median {median} steps, {arrived}" in steps
        assert f"{loss.upper()} at {wording.number(found[f'rate_{loss}'])}/L" in where
    policy = found["policy"]
    half = f"MSE at {wording.number(2 * found['rate'])}/L ({wording.number(found['rate'])}/L without its ½), "
    assert (half in where) == ("without its" in where) == (policy == "equal_no_half")
    assert ("at the rates that the other seeds chose" in where) == (policy == "tuned")
    sure, name = found["initialisation"].startswith("sure_"), found["initialisation"].replace("_", " ")
    assert page.inner_text("label[for=explorer-scale]") == ("Probability" if sure else "Scale")
    size = f"{'with probability' if sure else 'of size'} {found['scale']:g}; "
    assert f"; {name} start{'; ' if name == 'zero' else f' {size}'}" in where
    assert page.inner_text("#explorer-start option:checked") == name
    assert page.inner_text("#explorer-policy option:checked") == POLICY_NAMES[policy]
    held, pairs = found["at_start"], found["starts"]
    sentence = f"In {held} of {pairs} pairs the target held before the first step"
    assert (sentence in steps) == (0 < held < pairs)
    if 0 < held < pairs:
        assert steps.endswith(f"not in the ratio, which is that of the other {pairs - held}.")
