"""A bad file among the recorded runs: the others are shown, and it is named on the page and in the log."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import recorded
from hypothesis import given, settings
from hypothesis import strategies as st
from study.benchmarks import history, history_page, runs, storage
from study.benchmarks.tables import HISTORY
from study.tables import store

NUMBERS = [0, 1, 2]
BAD = 1
KEPT = [
    "benchmark",
    "commit",
    "committed",
    "recorded",
    "machine",
    "solver",
    "group",
    "rounds",
    "time",
    "time_low",
]
KEPT += ["time_high", "calibrated", "calibrated_low", "calibrated_high", "peer_ratio"]


def changed(place: str, value: Any) -> Callable[[Path], None]:
    """Damage that puts a value at a place such as ``benchmarks.0.stats``."""

    def damage(file: Path) -> None:
        content = json.loads(file.read_text())
        *way, last = [int(part) if part.isdigit() else part for part in place.split(".")]
        target = content
        for part in way:
            target = target[part]
        target[last] = value
        file.write_text(json.dumps(content))

    return damage


def instead(make: Callable[[Path], Any]) -> Callable[[Path], None]:
    """Damage that puts something else in the place of the file."""

    def damage(file: Path) -> None:
        file.unlink()
        make(file)

    return damage


ENTRY = "benchmarks.0."
# What it is, and what of it is lost: the whole run, one benchmark of it, or nothing.
DAMAGE: dict[str, tuple[Callable[[Path], Any], str]] = {
    "a folder": (instead(lambda file: file.mkdir()), "run"),
    "a link to nothing": (instead(lambda file: file.symlink_to("nowhere")), "run"),
    "a link to itself": (instead(lambda file: file.symlink_to(file.name)), "run"),
    "a pipe": (instead(os.mkfifo), "run"),
    "a device": (instead(lambda file: file.symlink_to("/dev/zero")), "run"),
    "bytes that are no text": (lambda file: file.write_bytes(b"\xff\xfe\x00{"), "run"),
    "deep nesting": (lambda file: file.write_text("[" * 100_000 + "]" * 100_000), "run"),
    "deep nesting inside": (changed("session", json.loads("[" * 400 + "]" * 400)), "run"),
    "a number": (lambda file: file.write_text("1"), "run"),
    "a commit without name": (changed("commit_info.id", ""), "run"),
    "a commit of year 1": (changed("commit_info.time", "0001-01-01T00:00:00+14:00"), "nothing"),
    "a commit after all years": (changed("commit_info.time", "9999-12-31T23:59:59-14:00"), "nothing"),
    "a commit at no time": (
        changed("commit_info.time", "gpg: Good signature\n2026-01-01T00:00:00Z"),
        "nothing",
    ),
    "a commit at a number": (changed("commit_info.time", 12), "nothing"),
    "recorded in year 1": (changed("datetime", "0001-01-01T00:00:00+14:00"), "run"),
    "no commit": (changed("commit_info", None), "run"),
    "no machine": (changed("machine_info", None), "run"),
    "flags that are none": (changed("machine_info.cpu.flags", [1]), "run"),
    "a load that is none": (changed("session.load_start", ["x"]), "run"),
    "no benchmarks": (changed("benchmarks", []), "run"),
    "benchmarks that are none": (changed("benchmarks", {"a": 1}), "run"),
    "a benchmark that is none": (changed("benchmarks.0", None), "benchmark"),
    "stats: null": (changed(ENTRY + "stats", None), "benchmark"),
    "stats without times": (changed(ENTRY + "stats", {}), "benchmark"),
    "extra_info: null": (changed(ENTRY + "extra_info", None), "benchmark"),
    "sample_steps: 0": (changed(ENTRY + "extra_info.sample_steps", 0), "benchmark"),
    "sample_steps: -1": (changed(ENTRY + "extra_info.sample_steps", -1), "benchmark"),
    "sample_steps: text": (changed(ENTRY + "extra_info.sample_steps", "many"), "benchmark"),
    "sample_steps beyond any float": (changed(ENTRY + "extra_info.sample_steps", 10**400), "benchmark"),
    "a time of 0": (changed(ENTRY + "stats.data.0", 0.0), "benchmark"),
    "a time of nan": (changed(ENTRY + "stats.data.0", float("nan")), "benchmark"),
    "a time of inf": (changed(ENTRY + "stats.data.0", float("inf")), "benchmark"),
    "a time of 1e308": (changed(ENTRY + "stats.data.0", 1e308), "benchmark"),
    "a time of 5e-324": (changed(ENTRY + "stats.data.0", 5e-324), "benchmark"),
    "a ceiling of 0": (changed(ENTRY + "extra_info.ceiling", [0.0] * 9), "benchmark"),
    "a ceiling of nan": (changed(ENTRY + "extra_info.ceiling", [float("nan")] * 9), "benchmark"),
    "a benchmark without name": (changed(ENTRY + "fullname", ""), "benchmark"),
    "a benchmark twice": (
        changed(ENTRY + "fullname", "tests/bench/test_descent.py::test_descent[NumPy-mse-d8]"),
        "benchmark",
    ),
}


def put(folder: Path) -> Path:
    """Three runs; the one to be damaged."""
    return [recorded.store(folder, number, recorded.run(number)) for number in NUMBERS][BAD]


def drawn(folder: Path) -> tuple[list[str], str, Any]:
    """Draw the history, from the files to the page and the table read back."""
    messages = history_page.write([folder], folder / "h.csv", folder / "h.html", folder)
    return messages, (folder / "h.html").read_text(encoding="utf-8"), store.read(HISTORY, folder / "h.csv")


def of_others(table: Any, damaged: str) -> Any:
    """What the table says about the undamaged runs, without what depends on all runs."""
    kept = table[~table["file"].str.contains(damaged, regex=False)]
    return kept.sort_values(["file", "benchmark"])[["file", *KEPT]].reset_index(drop=True)


@pytest.mark.parametrize("kind", DAMAGE)
def test_one_bad_file_does_not_affect_the_others_and_is_named(kind: str, tmp_path: Path) -> None:
    bad = put(tmp_path)
    whole = drawn(tmp_path)[2]
    damage, lost = DAMAGE[kind]
    damage(bad)
    messages, text, table = drawn(tmp_path)
    assert of_others(table, bad.name).equals(of_others(whole, bad.name))
    line, *more = [line for line in messages if bad.name in line]
    assert not more
    assert re.search(r"left out|placed by|has no benchmark", line)
    assert "\n" not in line
    assert bad.name in text
    count = table["file"].str.contains(bad.name, regex=False).sum()
    assert count == {"run": 0, "benchmark": 5, "nothing": 6}[lost]


def test_a_folder_that_is_no_storage_does_not_affect_the_others(tmp_path: Path) -> None:
    put(tmp_path / "good")
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to("nowhere")
    found, problems = runs.read([tmp_path / name for name in ("file", "link", "nowhere", "good")])
    assert (len(found), problems) == (3, [])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_named(tmp_path: Path) -> None:
    put(tmp_path).chmod(0)
    found, [problem] = runs.read([tmp_path])
    assert len(found) == 2
    assert "Permission denied" in problem


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = put(tmp_path)
    whole = Path.read_bytes

    def broken(path: Path) -> bytes:
        if path.name == bad.name:
            raise OSError(5, "Input/output error")
        return whole(path)

    monkeypatch.setattr(Path, "read_bytes", broken)
    found, [problem] = runs.read([tmp_path])
    assert len(found) == 2
    assert bad.name in problem
    assert "Input/output error" in problem


def test_names_that_no_table_and_no_terminal_can_hold_are_written_out(tmp_path: Path) -> None:
    bad = put(tmp_path)
    content = json.loads(bad.read_text())
    content["machine_info"]["cpu"]["brand_raw"] = "CPU\r\x1b[31m\x00"
    content["benchmarks"][0]["fullname"] = "x.py::test\r\n[a::b]"
    content["benchmarks"][1]["fullname"] = "x.py::\ud800"
    content["commit_info"]["id"] = "nan"
    bad.rename(bad.with_name("\udcff\n.json")).write_text(json.dumps(content))
    messages, _, table = drawn(tmp_path)
    assert {r"test\r\n[a::b]", r"\ud800"} < set(table["benchmark"])
    assert r"CPU\r\x1b[31m\x00, 2 cores, flags 340a" in set(table["machine"])
    assert "nan" in set(table["commit"])
    assert all(line.isprintable() for line in messages)


def test_copies_are_counted_once(tmp_path: Path) -> None:
    # as when recorded runs are copied to results/reference/benchmarks to be committed
    file = put(tmp_path / "one")
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    shutil.copy(file, tmp_path / "one")
    found, [line] = runs.read([tmp_path / "one", tmp_path / "two"])
    assert len(found) == 3
    assert line.startswith("counted once, because they are copies of others: ")
    assert line.count(".json") == 4


def test_a_run_outside_the_folders_of_machines_is_read(tmp_path: Path) -> None:
    # `pytest-benchmark` reads these too
    file = put(tmp_path)
    file.rename(tmp_path / file.name)
    assert len(runs.read([tmp_path])[0]) == 3


def test_snakemake_is_given_what_it_can_take_and_the_rest_is_reported(tmp_path: Path) -> None:
    bad = put(tmp_path)
    for name in ("{x}.json", "<x>.json", "*.json", "\udcff.json"):
        shutil.copy(bad, bad.with_name(name))
    (bad.parent / "folder.json").mkdir()
    files, others = storage.watched([tmp_path])
    assert [Path(file).name for file in files] == sorted(path.name for path in bad.parent.glob("0*.json"))
    assert len(others) == 5
    before = list(others)
    bad.with_name("{x}.json").write_text("{}")
    assert storage.watched([tmp_path])[1] != before


NASTY = [
    0,
    -1,
    0.0,
    5e-324,
    1e308,
    float("nan"),
    float("inf"),
    10**400,
    None,
    [],
    {},
    [[]],
    "",
    "\ud800\r",
    "9" * 5000,
]
NASTY += ["0001-01-01T00:00:00+14:00", json.loads("[" * 900 + "]" * 900)]
JSON = st.sampled_from(NASTY) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """All places of a JSON value; of long lists only the first items."""
    inner = (
        value.items() if isinstance(value, dict) else enumerate(value[:3]) if isinstance(value, list) else ()
    )
    return [way, *(place for key, part in inner for place in places(part, (*way, key)))]


@pytest.mark.integration
@given(
    st.randoms(use_true_random=False),
    st.lists(JSON, min_size=1, max_size=3),
    st.sampled_from(["put", "del", "bytes"]),
)
@settings(max_examples=30, deadline=None)
def test_random_damage_to_a_file_never_affects_the_others(
    tmp_path_factory: pytest.TempPathFactory, rng: random.Random, values: list[Any], kind: str
) -> None:
    folder = tmp_path_factory.mktemp("storage")
    bad = put(folder)
    whole = history.table(runs.read([folder])[0])
    if kind == "bytes":
        content = bytearray(bad.read_bytes())
        for _ in values:
            content[rng.randrange(len(content))] = rng.randrange(256)
        bad.write_bytes(content[: rng.choice([len(content), rng.randrange(len(content))])])
    else:
        tree = [json.loads(bad.read_text())]
        for value in values:
            *way, last = rng.choice([(0, *place) for place in places(tree[0])])
            target = tree
            for part in way:
                target = target[part]
            if kind == "put" or last == 0:
                target[last] = value
            else:
                del target[last]
        bad.write_text(json.dumps(tree[0]))
    _, _, table = drawn(folder)
    assert of_others(table, bad.name).equals(of_others(whole, bad.name))
    shutil.rmtree(folder)
