"""What a config file says other than what a reader sees in it: a key twice, a number to another base.

YAML, as Snakemake reads it, keeps the last of two equal keys, takes `010` for 8 and `1:30` for 90. Nothing of
that shows in the values themselves, so the text is looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

from study.errors import UserError

__all__ = ["check", "read_otherwise"]


def check(paths: Iterable[Path]) -> None:
    """Raise `UserError` if a config file has a key twice in a mapping, or a number that YAML reads otherwise.

    Parameters
    ----------
    paths
        Files that Snakemake has read. JSON is looked at as YAML, of which it is nearly a part.
    """
    lines = list[str]()
    for path in paths:
        try:
            root = yaml.compose(path.read_text(encoding="utf-8-sig"), Loader=yaml.SafeLoader)
        except (yaml.YAMLError, OSError, UnicodeError):  # JSON that is no YAML, such as one with tabs
            continue
        lines += [f"{path}, line {line}" for line in _surprises(root, "", set())]
    if lines:
        raise UserError("\n".join(lines))


def read_otherwise(text: str) -> int | float | None:
    """The number that YAML makes of a text in which a reader sees another one; None if there is no such."""
    number = yaml.safe_load(text)
    if not isinstance(number, int | float) or ":" in text:
        return number if isinstance(number, int | float) else None
    try:
        return number if isinstance(number, int) and int(text) != number else None
    except ValueError:  # 0x1f and the like, which look like what they are
        return None


def _surprises(node: yaml.Node | None, path: str, seen: set[int]) -> Iterator[str]:
    """Yield a line for each surprise in a node and below: number of its line, key, value, what to do."""
    if node is None or id(node) in seen:  # an alias may occur in itself
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        yield from _repeated(node, path)
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else "?"
            yield from _surprises(value, f"{path}.{name}" if path else name, seen)
    elif isinstance(node, yaml.SequenceNode):
        for place, item in enumerate(node.value):
            yield from _surprises(item, f"{path}[{place}]", seen)
    elif isinstance(node, yaml.ScalarNode) and node.style is None and node.tag.endswith((":int", ":float")):
        number = read_otherwise(node.value)
        if number is not None:
            base = 60 if ":" in node.value else 8
            yield (
                f"{node.start_mark.line + 1}: {path}: YAML reads {node.value} as {number}, a number to the "
                f"base {base}; allowed: numbers without a leading 0 or a colon; write the number you mean"
            )


def _repeated(node: yaml.MappingNode, path: str) -> Iterator[str]:
    """Yield a line for each key that a mapping has had before."""
    first = dict[tuple[str, str], int]()
    for key, _ in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            continue
        if (key.tag, key.value) in first:
            name = f"{path}.{key.value}" if path else key.value
            yield (
                f"{line}: {name}: given a second time, after line {first[key.tag, key.value]}; "
                "allowed: each key once; remove one of the two"
            )
        first.setdefault((key.tag, key.value), line)
