"""The reference page of the config: `python -m study.config.page > docs/config.md`."""

from __future__ import annotations

import re
from typing import Any

from study.config.experiments import Networks, Remedies
from study.config.methods import MethodOptions, MethodRuns
from study.config.model import Config
from study.config.sections import Benchmarks, Curves, Phase, Statistics
from study.data.kinds import KINDS, REAL, DatasetOptions
from study.data.network_starts import NETWORK_STARTS
from study.data.starts import INITIALISATIONS, InitialisationOptions
from study.schema import (
    Section,
    allowed,
    kind,
    section,
)

__all__ = ["reference"]


def reference() -> str:
    """Render the reference page of the config, in Markdown, ``docs/config.md``."""
    given = sorted({KINDS[name] for name in REAL}, key=lambda cls: cls.__name__)
    kinds = [(name, cls) for name, cls in KINDS.items() if cls not in given]
    parts = [
        _INTRODUCTION,
        "## Top level\n\n" + _table(Config),
        "## `datasets`\n\n" + _DATASETS_TEXT + "\n\n" + _table(DatasetOptions),
        *(f"### `{name}`\n\n{cls.summary}\n\n{_table(cls, DatasetOptions)}" for name, cls in kinds),
        *(
            f"### Real data\n\n{cls.summary} By name: {_listed(cls)}.\n\n{_table(cls, DatasetOptions)}"
            for cls in given
        ),
        "## `initialisations`\n\nA list; each entry names an initialisation and its scales.\n\n"
        + "\n".join(f"- `{name}`: {entry.summary}" for name, entry in INITIALISATIONS.items())
        + "\n\n"
        + _table(InitialisationOptions),
        "## `methods`\n\n" + _METHODS_TEXT + "\n\n" + _table(MethodOptions),
        "## `method_runs`\n\n" + _table(MethodRuns),
        "## `remedies`\n\n" + _REMEDIES_TEXT + "\n\n" + _table(Remedies),
        "## `networks`\n\n" + _NETWORKS_TEXT + "\n\n" + _table(Networks),
        "### `initialisations` of a hidden layer\n\n"
        + "\n".join(f"- `{name}`: {entry.summary}" for name, entry in NETWORK_STARTS.items()),
        "## `curves`\n\n" + _table(Curves),
        "## `statistics`\n\n" + _table(Statistics),
        "## `phase`\n\n" + _table(Phase),
        "## `benchmarks`\n\n" + _table(Benchmarks),
    ]
    return "\n\n".join(parts) + "\n"


_INTRODUCTION = """\
# The config

Every key has a default: a file with nothing but `{}` is the default study. To change one key, give it on the
command line,

    snakemake --config max_steps=1000

or write a file with the keys that differ and name it: `snakemake --configfile mine.yaml`. A list replaces the
default list as a whole. Everything is checked before anything runs; an unknown key is an error. In YAML,
write `1.0e-3`: without the point it is text.

This page is made from the code: `python -m study.config.page > docs/config.md`."""

_METHODS_TEXT = """\
A list; each entry names a method: a loss and what minimises it. `comparisons` pairs them by name.

    methods:
      - {name: mse_adam, loss: mse, optimiser: adam}
      - {name: bce_adam, loss: bce, optimiser: adam}
      - {name: mse_batches, loss: mse, batch_size: 32}
      - {name: bce_batches, loss: bce, batch_size: 32}
    comparisons: [[mse_adam, bce_adam], [mse_batches, bce_batches]]

The optimisers are PyTorch's: `gd`; `momentum(beta)` and `nesterov(beta)`, by default 0.9; `adam(beta1, beta2,
eps)`, by default (0.9, 0.999, 1e-8); and `normalised`, whose steps have the length of the rate. All methods
see the same batches. Targets are checked on all samples: at every step, or with batches once an epoch."""

_REMEDIES_TEXT = """\
What may help if it has to be squared error: methods on data of their own, on linear models, each against
plain MSE and against BCE, also with training labels flipped. A remedy is an entry of `methods`, such as
`{name: offset, loss: mse_offset(0.5)}` or `{name: bce_first, loss: "bce for 50, mse"}`, and its pairs in
`comparisons`."""

_NETWORKS_TEXT = """\
The question of the study for models with one hidden layer, which methods name as `tanh(4)`, `relu(16)` or
`sigmoid(8)`. Their risk is not convex, so what both losses attain is not known: targets are made from the
best that long descents with each loss have found."""

_DATASETS_TEXT = """\
A list; each entry is a mapping with a `name` and the options of its kind. The kind is the name, unless `kind`
is given; an entry with a `file` is your own data. So one kind can occur twice, with different options:

    datasets:
      - {name: gaussian, separability: [2, 4]}
      - {name: noisy, kind: gaussian, separability: [2], label_noise: 0.1}
      - {name: mine, file: data/mine.csv, label: outcome}

Every data set has these keys:"""


def _listed(cls: type[DatasetOptions]) -> str:
    names = [name for name in KINDS if KINDS[name] is cls and not name.startswith("digits_")]
    return (
        ", ".join(f"`{name}`" for name in names)
        + ", and the digit pairs `digits_0_1` to `digits_8_9` (lower digit first)"
    )


def _table(model: type[Section], base: type[Section] = Section) -> str:
    """Table of the keys of a section that its base does not have, in Markdown."""
    lines = ["| key | type | allowed | default | meaning |", "|---|---|---|---|---|"]
    for name, field in model.model_fields.items():
        if name not in base.model_fields:
            cells = [
                f"`{name}`",
                kind(field.annotation),
                allowed(field),
                _default(name, field),
                field.description or "",
            ]
            # A bar would end the cell; a word in angle brackets would be read as a tag.
            lines.append("| " + " | ".join(re.sub(r"\||<(?=\w)", r"\\\g<0>", cell) for cell in cells) + " |")
    return "\n".join(lines)


def _default(name: str, field: Any) -> str:
    """Default of a key, as YAML has it."""
    if field.is_required():
        return "none: must be given"
    if isinstance(field.default, Section):
        return "see below"
    if name == "seeds" and isinstance(field.default, tuple):
        return f"`{len(field.default)}`"
    value = list(field.default) if isinstance(field.default, tuple) else field.default
    if value in ("", [], None):
        return "none"
    if isinstance(value, list):
        return (
            ", ".join(f"`{entry.name}`" for entry in value)
            if section(field.annotation)
            else f"`[{', '.join(map(str, value))}]`"
        )
    return f"`{value}`"


if __name__ == "__main__":
    print(reference(), end="")
