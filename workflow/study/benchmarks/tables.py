"""The tables of recorded benchmarks and of comparisons of revisions."""

from __future__ import annotations

from typing import Final

from study.tables.table import Column, Table

__all__ = ["COMPARISON", "HISTORY"]

HISTORY: Final = Table(
    "history",
    "tables/history",
    (".csv",),
    "One benchmark of one recorded run.",
    ("benchmark", "order", "file"),
    (
        Column("benchmark", "str", "", "Name of the benchmark."),
        Column(
            "order",
            "int64",
            "",
            "Number of the run, from 0, in order of commit (by ancestry), then of recording.",
        ),
        Column("file", "str", "", "File of the run, in its storage."),
        Column("commit", "str", "", "Commit that was measured; a + marks changes that were not committed."),
        Column("committed", "str", "", "When it was committed, UTC."),
        Column("recorded", "str", "", "When it was measured, UTC."),
        Column("machine", "str", "", "CPU model, cores in use, and a digest of the CPU's feature flags."),
        Column(
            "software",
            "str",
            "",
            "Versions of packages and Python, and a digest of the benchmarks; where known.",
        ),
        Column("load", "float64", "", "Load average of one minute at the start; nan where unknown."),
        Column("solver", "str", "", "What was timed."),
        Column("group", "str", "", "Benchmarks with the same work to do."),
        Column("rounds", "int64", "", "Rounds of the run."),
        Column("time", "float64", "ns", "Median of the rounds; of one sample, run and step where known."),
        Column(
            "time_low",
            "float64",
            "ns",
            "Lower end of the interval of the median, 95% or more, from the rounds.",
        ),
        Column("time_high", "float64", "ns", "Upper end of that interval."),
        Column(
            "calibrated",
            "float64",
            "ratio",
            "Median of time over that of a reference loop, round by round; nan if unknown.",
        ),
        Column("calibrated_low", "float64", "ratio", "Lower end of its interval."),
        Column("calibrated_high", "float64", "ratio", "Upper end of its interval."),
        Column("level", "float64", "ns", "Median of `time` from one change to the next, on this machine."),
        Column("changed", "bool", "", "Whether a new level starts with this run."),
        Column(
            "calibrated_level",
            "float64",
            "ratio",
            "Median of `calibrated` from one change to the next, all machines.",
        ),
        Column("calibrated_changed", "bool", "", "Whether a new level of `calibrated` starts with this run."),
        Column(
            "peer_ratio",
            "float64",
            "ratio",
            "Time over that of `kernels` in the same run and group; nan if unknown.",
        ),
    ),
)

COMPARISON: Final = Table(
    "comparison",
    "comparisons/comparison",
    (".csv",),
    "One benchmark of a comparison of two revisions.",
    ("benchmark",),
    (
        Column("benchmark", "str", "", "File and name of the benchmark."),
        Column("base", "str", "", "Commit of the base; a + marks changes that are not committed."),
        Column("head", "str", "", "Commit of the head."),
        Column(
            "base_seconds",
            "float64",
            "s",
            "Median time of the base, of one sample, run and step where known.",
        ),
        Column("head_seconds", "float64", "s", "The same for the head."),
        Column("ratio", "float64", "ratio", "Time of the head over time of the base, with drift removed."),
        Column("ratio_low", "float64", "ratio", "Lower end of its bootstrap interval."),
        Column("ratio_high", "float64", "ratio", "Upper end of its bootstrap interval."),
        Column("p", "float64", "", "Mann-Whitney p value, corrected by Holm for the number of benchmarks."),
        Column(
            "verdict",
            "str",
            "",
            "`slower`, `faster`, `no difference larger than` the margin, or `inconclusive`.",
        ),
    ),
)
