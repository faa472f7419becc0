"""The sections of the config: what each allows, its defaults and its meaning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from study.schema import (
    Grid,
    Section,
    WholeNumbers,
    key,
    shown,
)

__all__ = ["Benchmarks", "Curves", "Phase", "Seeds", "Statistics", "Words"]


def _counted(value: Any) -> Any:
    """Let a whole number k stand for the seeds 0 to k - 1; say what to write in place of a mapping."""
    if isinstance(value, Mapping):
        instead = value.get("evaluation")
        instead = instead if isinstance(instead, int | list) else 30
        raise ValueError(
            f"{shown(value)} is a mapping, but all seeds serve alike: write `seeds: {shown(instead)}`"
        )
    counts = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 100_000
    return tuple(range(value)) if counts else value


Seeds = Annotated[
    WholeNumbers,
    BeforeValidator(_counted, json_schema_input_type=Annotated[int, Field(ge=1, le=100_000)] | WholeNumbers),
]

_Scale = Annotated[float, Field(gt=0, le=1000)]

Words = Annotated[tuple[str, ...], Field(strict=False)]


class Curves(Section):
    """Which learning curves are recorded."""

    seeds: int = key(5, "Number of seeds, the first ones, whose curves are recorded.", ge=0, le=1000)
    points: int = key(60, "Number of log-spaced steps a curve has, at most.", ge=2, le=1000)


class Statistics(Section):
    """How intervals are computed."""

    confidence: float = key(0.95, "Confidence level of the intervals.", ge=0.5, lt=1)
    resamples: int = key(999, "Number of bootstrap resamples of an interval.", ge=100, le=100_000)
    folds: int = key(
        5,
        "Parts that the seeds are dealt to: the best learning rate of a loss is chosen on all parts but one, "
        "and judged "
        "on that one, each in turn.",
        ge=2,
        le=1000,
    )


class Phase(Section):
    """What the phase diagram spans beyond the sweep."""

    scales: Grid[_Scale] = key(
        (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 32.0),
        "Scales a of the wrong starts that the gradient flow is solved from, on every draw of the data sets "
        "that have a separability.",
    )
    large_n: int = key(
        100_000,
        "Number of samples of the large draws: pairs as in `gaussian`, started along the true direction.",
        ge=4,
        le=10_000_000,
    )
    large_draws: int = key(1, "Number of large draws at each separability; 0 for none.", ge=0, le=1000)
    # From 2 * laws.LEAST_MU, not imported: else every job that reads the config would depend on the laws.
    large_separability: Grid[Annotated[float, Field(ge=2e-6, le=100)]] = key(
        (1.0, 2.0, 4.0, 6.0, 12.0), "Values of d' = 2 mu of the large draws."
    )
    large_scales: Grid[_Scale] = key(
        (0.25, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0), "Scales a on the large draws."
    )


class Benchmarks(Section):
    """Which benchmarks are timed, and when two revisions count as different."""

    record: Words = key(
        (),
        "`snakemake benchmark` runs the benchmarks with one of these in their name.",
        allowed="a list of text; none for all",
    )
    compare: Words = key(
        ("[kernels-",),
        "`snakemake compare` runs the benchmarks with one of these in their name.",
        allowed="a list of text; none for all",
    )
    processes: int = key(7, "Processes of each side of a comparison: its sample size.", ge=2, le=50)
    rounds: int = key(15, "Rounds of a comparison.", ge=1, le=1000)
    margin: float = key(
        0.02, "Largest difference between two revisions that counts as none; 0.02 is 2%.", gt=0, le=1
    )
    threshold: float = key(
        0.05,
        "`snakemake compare` fails (exit code 1) if a benchmark is `slower` by more than this; "
        "`snakemake history` if the level of one is slower than its best level by more than this.",
        ge=0,
        le=10,
    )
    accepted: str = key(
        "",
        "`snakemake history` accepts what got slower up to this commit.",
        allowed="a commit of the history, or how it begins; none for none",
    )
