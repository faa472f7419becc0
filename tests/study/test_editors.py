"""The JSON schema of the config agrees with the config itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from study.config.editors import schema
from study.config.model import Config, load
from study.data.kinds import KINDS, File
from study.data.starts import INITIALISATIONS
from study.errors import UserError
from study.schema import Section, section
from test_config import BAD

ROOT = Path(__file__).parents[2]
VALIDATOR = Draft202012Validator(schema())
SHIPPED = sorted((ROOT / "config").glob("*.yaml"))
FOUND_BY_THE_STUDY_ALONE = {
    "certain": "what a name means for another key",
    "data set without a start": "what a list means for another",
    "double data set": "entries differ though their names do not",
    "double scale": "the message names the initialisation",
    "double start": "entries differ though their names do not",
    "file that Snakemake would change": "a matter of Snakemake",
    "limited twice to a data set": "the message names the initialisation",
    "nan rate": "JSON has no such number",
    "newline in name": "Python's `$` lets a last newline pass, that of editors does not",
    "no scale": "what a name means for another key",
    "one loss": "the message says why there must be two",
    "scale of zero": "what a name means for another key",
    "start on a data set that is not there": "what a list means for another",
    "start on nothing like a data set": "what a list means for another",
    "sure of nothing": "what a name means for another key",
    "the name of another kind": "what a name means for another key",
    "whole float for int": "JSON knows no difference",
}


def taken(mapping: dict[str, Any]) -> bool:
    """Whether the study takes a config."""
    try:
        load(mapping)
    except UserError:
        return False
    return True


def entry(kind: str, **options: Any) -> dict[str, Any]:
    """A config with one data set of a kind."""
    file = {"file": "mine.csv"} if KINDS[kind] is File else {}
    return {"datasets": [{"name": "it", "kind": kind, **file, **options}]}


def test_the_file_is_up_to_date() -> None:
    written = (ROOT / "config" / "config.schema.json").read_text(encoding="utf-8")
    assert json.loads(written) == schema(), "run: python -m study.config.editors > config/config.schema.json"


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_configs_name_it_and_keep_to_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    first = text.splitlines()[0]
    assert first.startswith("# yaml-language-server: $schema=")
    assert (path.parent / first.partition("=")[2]).is_file()
    VALIDATOR.validate(yaml.safe_load(text))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_data_is_known_by_its_name_and_by_its_kind(kind: str) -> None:
    assert VALIDATOR.is_valid(entry(kind)) == taken(entry(kind)) is True
    by_name = {"datasets": [{"name": kind}]}
    assert VALIDATOR.is_valid(by_name) == taken(by_name)
    assert not VALIDATOR.is_valid(entry(kind, nonsense=1))


@pytest.mark.parametrize("name", INITIALISATIONS)
def test_every_initialisation_is_known(name: str) -> None:
    VALIDATOR.validate({"initialisations": [{"name": name}]})
    assert not VALIDATOR.is_valid({"initialisations": [{"name": f"{name}x"}]})


def edges(model: type[Section]) -> Iterator[tuple[str, Any]]:
    """Values of every number of a section at its bounds, just inside and just outside."""
    for name, field in model.model_fields.items():
        bounds = [
            getattr(part, sign)
            for part in field.metadata
            for sign in ("gt", "ge", "lt", "le")
            if hasattr(part, sign)
        ]
        step = 1 if field.annotation is int else 1e-9
        yield from ((name, field.annotation(bound + shift)) for bound in bounds for shift in (-step, 0, step))


def configs() -> Iterator[dict[str, Any]]:
    """Configs with one number at an edge."""
    yield from ({name: value} for name, value in edges(Config))
    for name, field in Config.model_fields.items():
        if isinstance(field.annotation, type) and (inner := section(field.annotation)) is not None:
            yield from ({name: {key: value}} for key, value in edges(inner))
    for kind, options in KINDS.items():
        yield from (entry(kind, **{key: value}) for key, value in edges(options))


def test_numbers_have_the_same_edges_for_the_schema_and_for_the_study() -> None:
    tried = [(mapping, taken(mapping)) for mapping in configs()]
    assert {accepted for _, accepted in tried} == {True, False}
    wrong = [mapping for mapping, accepted in tried if VALIDATOR.is_valid(mapping) != accepted]
    assert not wrong


def test_an_editor_finds_all_else_that_is_wrong() -> None:
    assert {
        name for name, mapping, _ in BAD if VALIDATOR.is_valid(mapping)
    } == FOUND_BY_THE_STUDY_ALONE.keys()
