"""What a config file says other than what a reader sees in it is refused, with its line."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from study.config import written
from study.config.model import load, typed
from study.errors import UserError

ROOT = Path(__file__).parents[2]

# Each with what the message must say: line, key, value, and what YAML makes of it.
SURPRISES = {
    "max_steps: 100\nseeds: 3\nmax_steps: 200\n": ("line 3", "max_steps: given a second time, after line 1"),
    "curves:\n  seeds: 1\n  points: 30\n  seeds: 2\n": ("line 4", "curves.seeds", "after line 2"),
    "datasets:\n  - {name: a, kind: gaussian, n: 10, n: 20}\n": ("line 2", "datasets[0].n", "after line 2"),
    '"seed": 1\nseed: 2\n': ("line 2", "seed: given a second time"),
    '{"seed": 1, "seed": 2}': ("line 1", "seed: given a second time"),
    "seed: 010\n": ("line 1", "seed: YAML reads 010 as 8", "base 8"),
    "seeds: [1, -017]\n": ("line 1", "seeds[1]", "-017 as -15"),
    "max_steps: 1:30\n": ("line 1", "max_steps", "1:30 as 90", "base 60"),
    "learning_rates: [0.5, 1:30.5]\n": ("learning_rates[1]", "1:30.5 as 90.5"),
    "\ufeffseed: 1\r\nseed: 2\r\n": ("line 2", "seed: given a second time"),
}
PLAIN = [
    "seed: 10\nseeds: 3\n",
    "seed: 0\nseeds: [0, 00, 07, 1_000, 0x1f, 0b11]\n",
    "learning_rates: [0.5, .5, 1.0e-3, 1., .inf]\n",
    "datasets: [{name: '010'}, {name: '1:30'}, {name: 08}]\n",
    "curves: &a {seeds: 1}\nphase: {<<: *a, seeds: 2}\n",
    "a: &a [*a]\n",  # an alias of what it is in
    "{}",
    "",
    '{\n\t"seed": 1\n}',  # JSON, but not YAML
]


@pytest.mark.parametrize("text", SURPRISES, ids=range(len(SURPRISES)))
def test_what_yaml_reads_otherwise_is_refused_with_its_line(text: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_bytes(text.encode())
    with pytest.raises(UserError) as error:
        written.check([file])
    [line] = str(error.value).splitlines()
    assert line.startswith(f"{file}, line ")
    for word in SURPRISES[text]:
        assert word in line


@pytest.mark.parametrize("text", PLAIN, ids=range(len(PLAIN)))
def test_what_is_read_as_written_is_not_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(text)
    written.check([tmp_path / "mine.yaml"])


def test_every_surprise_is_reported_at_once(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("seed: 010\nseed: 011\n")
    with pytest.raises(UserError) as error:
        written.check([tmp_path / "mine.yaml"])
    assert len(str(error.value).splitlines()) == 3


def test_the_configs_of_this_project_have_none() -> None:
    written.check((ROOT / "config").glob("*.yaml"))


@pytest.mark.parametrize("text", ["010", "1:30"])
def test_such_a_number_inside_a_value_of_the_command_line_stays_text_and_is_refused(text: str) -> None:
    assert typed([text, "10", "0x1f"]) == [text, 10, 31]
    with pytest.raises(UserError, match="learning_rates"):
        load({"learning_rates": typed([text])})


@pytest.mark.parametrize("word", ["no", "on", "123", "1.5", "2024-01-01"])
def test_a_name_that_yaml_does_not_read_as_text_says_to_quote_it(word: str) -> None:
    entry = yaml.safe_load(f"{{name: {word}, kind: gaussian}}")
    with pytest.raises(UserError, match="put it in quotes"):
        load({"datasets": [entry]})
    quoted = yaml.safe_load(f"{{name: '{word}', kind: gaussian}}")
    assert word == "1.5" or load({"datasets": [quoted], "initialisations": [{"name": "zero"}]})
