"""The page's demonstration: its numbers are the kernels', and Nielsen's; every control works by keyboard."""

from __future__ import annotations

import itertools
import re

import pytest
from browsing import opened
from study.report import neuron

import kernels

pytestmark = pytest.mark.integration


def ran(page, loss, optimiser, w, b, rate, updates):
    """Weight and bias at the end of a run of the page's own arithmetic."""
    script = """([loss, optimiser, w, b, rate, updates]) => {
      const run = neuron.descend(loss, optimiser, w, b, rate, updates);
      return [run.w[updates], run.b[updates]]; }"""
    return page.evaluate(script, [loss, optimiser, w, b, rate, updates])


def descended(loss, optimiser, w, b, rate, updates):
    """The same by the kernels."""
    run = kernels.descend(
        [[1.0, 1.0]],
        [0],
        [[w, b]],
        loss=loss,
        learning_rate=rate,
        max_steps=updates,
        optimiser=optimiser,
    )
    return run.theta[0].tolist()


@pytest.mark.parametrize("loss", ["mse", "bce"])
@pytest.mark.parametrize("optimiser", list(neuron.OPTIMISERS))
def test_its_parameters_are_those_of_the_kernels_to_the_bit(browser, file, loss, optimiser):
    """Not only near: a multiply-add that is rounded twice would show in the last bit after 300 updates."""
    starts = {(one.w, one.b) for one in neuron.PRESETS} | {(-6.0, 5.9), (6.0, 6.0), (0.1, -0.3)}
    with opened(browser, file) as page:
        for (w, b), rate in itertools.product(sorted(starts), (0.005, 0.15, 10.0)):
            run = loss, optimiser, w, b, rate, 300
            assert ran(page, *run) == descended(*run), run
        run = loss, optimiser, 4.6, 4.6, 0.15, 30_000
        assert ran(page, *run) == descended(*run)


def number(page, name):
    text = page.inner_text(f"#neuron-{name}").replace("\N{MINUS SIGN}", "-")
    return float(text)


@pytest.mark.parametrize(("preset", "published"), [("w = 0.6", "0.09"), ("w = b = 2", "0.20")])
def test_it_gives_the_outputs_that_nielsen_published(browser, file, preset, published):
    """Neural Networks and Deep Learning, chapter 3: quadratic cost, rate 0.15, outputs after 300 epochs."""
    (chosen,) = [one.name for one in neuron.PRESETS if preset in one.name]
    with opened(browser, file) as page:
        page.select_option("#neuron-preset", label=chosen)
        page.click("#neuron-end")
        assert page.inner_text("#neuron-count") == "300 of 300"
        assert page.inner_text("#neuron-rate-value") == "0.15"
        assert f"{number(page, 'mse-output'):.2f}" == published


def test_every_preset_shows_what_it_says(browser, file):
    with opened(browser, file) as page:
        for one in neuron.PRESETS:
            page.select_option("#neuron-preset", label=one.name)
            page.click("#neuron-reset")
            assert page.inner_text("#neuron-rate-value") == one.rate
            assert page.input_value("#neuron-optimiser") == one.optimiser
            assert [number(page, f"mse-{name}") for name in ("w", "b")] == [one.w, one.b]
            said = re.search(r"([\d.]+)% sure", one.name)
            output = 100 * number(page, "bce-output")
            assert output == pytest.approx(
                float(said[1]) if said else 50.0, abs=0.5 if output < 99.5 else 0.01
            )
            page.click("#neuron-end")
            for loss in ("mse", "bce"):
                w, b = descended(loss, one.optimiser, one.w, one.b, float(one.rate), one.updates)
                assert number(page, f"{loss}-w") == pytest.approx(w, abs=0.005001)
                assert number(page, f"{loss}-b") == pytest.approx(b, abs=0.005001)


def test_every_control_works_by_keyboard(browser, file):
    with opened(browser, file) as page:
        page.focus("#neuron-preset")
        page.keyboard.press("ArrowDown")
        assert page.inner_text("#neuron-w-value") == "0.6"
        for name, before, after in (("w", "0.6", "0.7"), ("b", "0.9", "1.0"), ("rate", "0.15", "0.3")):
            page.keyboard.press("Tab")
            assert page.evaluate("document.activeElement.id") == f"neuron-{name}"
            assert page.inner_text(f"#neuron-{name}-value") == before
            page.keyboard.press("ArrowRight")
            assert page.inner_text(f"#neuron-{name}-value") == after
        assert page.get_attribute("#neuron-rate", "aria-valuetext") == "0.3"
        assert page.input_value("#neuron-preset") == "own"
        for name in ("optimiser", "updates", "shown"):
            page.keyboard.press("Tab")
            assert page.evaluate("document.activeElement.id") == f"neuron-{name}"
            chart = page.inner_html("#neuron-chart")
            page.keyboard.press("ArrowDown")
            assert page.inner_html("#neuron-chart") != chart
        for name in ("play", "step", "reset", "end"):
            page.keyboard.press("Tab")
            assert page.evaluate("document.activeElement.id") == f"neuron-{name}"
        page.focus("#neuron-reset")
        page.keyboard.press("Enter")
        assert page.inner_text("#neuron-count") == "0 of 3,000"
        page.focus("#neuron-step")
        page.keyboard.press("Enter")
        page.keyboard.press("Space")
        assert page.inner_text("#neuron-count") == "2 of 3,000"
        assert page.inner_text("#neuron-told").startswith("After 2 updates the output is ")


def test_it_plays_pauses_and_goes_on(browser, file):
    """By a clock of the test's own: the whole run takes six seconds, however slow the machine is."""
    with opened(browser, file) as page:
        page.clock.install(time=0)
        page.clock.pause_at(60_000)
        page.click("#neuron-reset")
        page.click("#neuron-play")
        page.clock.run_for(3000)
        reached = int(page.inner_text("#neuron-count").split()[0])
        assert 140 <= reached <= 150
        assert page.inner_text("#neuron-play") == "Pause"
        page.click("#neuron-play")
        page.clock.run_for(3000)
        paused = int(page.inner_text("#neuron-count").split()[0])
        assert reached <= paused <= reached + 3
        assert page.inner_text("#neuron-play") == "Play"
        assert page.inner_text("#neuron-told").startswith(f"After {paused} updates")
        page.click("#neuron-play")
        page.clock.run_for(7000)
        assert page.inner_text("#neuron-count") == "300 of 300"
        assert page.inner_text("#neuron-play") == "Play"


def test_without_scripts_on_paper_and_without_motion(browser, file):
    """A picture stands for it where it cannot run; whoever asked for no motion has steps and the end."""
    with opened(browser, file, java_script_enabled=False) as page:
        assert page.is_visible("#neuron-picture svg")
        assert not page.is_visible("#neuron")
    with opened(browser, file, reduced_motion="reduce") as page:
        assert not page.is_visible("#neuron-play")
        page.click("#neuron-reset")
        page.click("#neuron-step")
        assert page.inner_text("#neuron-count") == "1 of 300"
    with opened(browser, file) as page:
        assert not page.is_visible("#neuron-picture svg")
        page.emulate_media(media="print")
        assert page.is_visible("#neuron-picture svg")
        assert not page.is_visible("#neuron")
