"""The JSON schema of the config, for editors: `python -m study.config.editors > config/config.schema.json`.

It says what a config may look like; what no schema can say, such as that names are different, is said by
`study.config.model.load` alone.
"""

from __future__ import annotations

import json
from typing import Any

from study.config.model import Config
from study.data.kinds import KINDS, DatasetOptions, File
from study.schema import Section, allowed, section

__all__ = ["schema"]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema() -> dict[str, Any]:
    """Return the JSON schema of a config file."""
    whole = _described(Config)
    # Wherever data sets are listed, an entry may be of any kind.
    whole["$defs"][DatasetOptions.__name__] = {
        "anyOf": [_entry(cls) for cls in dict.fromkeys(KINDS.values())]
    }
    return {"$schema": _DIALECT, "title": "Config of a study", **whole}


def _entry(cls: type[DatasetOptions]) -> dict[str, Any]:
    """Return the schema of the data sets of a class: its options, and the names and kinds that select it."""
    names = [name for name, other in KINDS.items() if other is cls]
    entry = _described(cls)
    entry["properties"]["kind"] |= {"enum": names}
    if cls is File:
        return {**entry, "description": cls.summary}
    by_name = {"properties": {"name": {"enum": names}}, "not": {"required": ["kind"]}}
    return {**entry, "description": cls.summary, "anyOf": [{"required": ["kind"]}, by_name]}


def _described(model: type[Section]) -> dict[str, Any]:
    """Return pydantic's schema of a model, each key with its meaning and what it allows in words."""
    whole = model.model_json_schema()
    sections = {one.__name__: one for one in _sections(model)}
    for name, part in [(model.__name__, whole), *whole.get("$defs", {}).items()]:
        for key, details in part["properties"].items():
            field = sections[name].model_fields[key]
            details.pop("title", None)
            details.pop("allowed", None)
            details.pop("default", None)
            details["description"] = f"{field.description} Allowed: {allowed(field)}."
        part.pop("title")
    return whole


def _sections(model: type[Section]) -> list[type[Section]]:
    """Return a section and those inside it."""
    inner = [
        found for field in model.model_fields.values() if (found := section(field.annotation)) is not None
    ]
    return [model, *(each for one in inner for each in _sections(one))]


if __name__ == "__main__":
    print(json.dumps(schema(), indent=2))
