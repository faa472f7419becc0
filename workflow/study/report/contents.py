"""What the report says, made once for all its formats: numbers as text, sentences, tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from study import figures, wording
from study.catalogue import TABLES
from study.figures.style import NAMES
from study.report import experiments, first, grids, matrix, methods, moves, prose
from study.report.answers import Provenance, answer, counting, lede, starts, whole
from study.report.sections import SECTIONS, headings
from study.report.words import place, range_text
from study.statistics.ends import of_targets
from study.statistics.headline import Headline
from study.statistics.pairs import LOSSES


def contents(frames: Mapping[str, pd.DataFrame], provenance: Provenance) -> dict[str, Any]:
    """Prepare everything that the templates print, by name.

    Parameters
    ----------
    frames
        Every table of `study.catalogue.OF_A_STUDY`, by name.
    provenance
        Commit, config, versions and digests.
    """
    cells, ended, found = frames["slowdown"], frames["ends"], answer(frames)
    headline = Headline.read(frames["headline"])
    return _first_screen(frames, found, provenance) | {
        "comparable": len(cells) > 0,
        "missing": [NAMES[loss] for loss in LOSSES if loss not in set(ended["loss"])],
        "headings": headings(frames, found),
        "sections": SECTIONS,
        "methods": methods.grid(frames["comparisons"], headline.target),
        "methods_first": methods.first_grid(frames["comparisons"], headline.target),
        "reached": methods.reached_grid(frames["reached"]),
        "reached_prose": methods.reached_sentences(frames["reached"]),
        "methods_prose": methods.sentences(frames["comparisons"], headline.target),
        "networks": experiments.network_grid(frames["experiments"], headline.target),
        "networks_prose": experiments.network_sentences(frames["experiments"], headline.target),
        "remedies": experiments.remedy_grid(
            frames["experiments"], frames["experiment_ends"], headline.target
        ),
        "advice": experiments.advice(frames["experiments"], frames["experiment_ends"], headline.target),
        "demonstrations": experiments.demonstrations(frames["demonstrations"]),
        "target_prose": prose.target_prose(found["target"]),
        "phase_prose": prose.phase_prose(frames),
        "law_prose": prose.law_prose(cells),
        "law": grids.law_grid(cells),
        "policy_prose": prose.policy_prose(found),
        "policy": grids.policy_grid(frames["decomposition"], found["setting"]),
        "choices_prose": moves.choices_prose(frames["sensitivity"]),
        "perturbation_prose": moves.perturbation_prose(frames["perturbation"]),
        "real_prose": prose.real_prose(frames),
        "real": grids.real_grid(cells, headline),
        "claims_prose": prose.claims_prose(frames["claims"]),
        "claims": grids.claims_grid(frames["claims"]),
        "guilt": prose.guilt_prose(frames),
        "minima_prose": prose.minima_prose(frames["minima"]),
        "minima": grids.minima_grid(frames["minima"]),
        "edge_prose": prose.edge_prose(cells, headline),
        "ends": grids.ends_grid(of_targets(ended)),
        "data": grids.data_grid(frames["datasets"]),
        "setting": place(found["setting"]),
        "rate": wording.number(found["rate"]),
        "level": f"{100 * provenance.level:g}%",
        "resamples": wording.count(provenance.resamples),
        "hold": provenance.hold,
        "counts": _counts(frames),
        "figures": {name: _figure(name, frames) for name in figures.FIGURES},
        "provenance": provenance,
    }


def _first_screen(
    frames: Mapping[str, pd.DataFrame], found: Mapping[str, Any], provenance: Provenance
) -> dict[str, Any]:
    return {
        "cards": first.cards(found, provenance.level),
        "lede": lede(frames, found, provenance.level),
        "unit": first.unit(found["target"], provenance.hold),
        "matrix": matrix.matrix(frames["comparisons"], found["target"]),
        "counting": counting(frames, found),
    }


def _counts(frames: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    cells, ended = frames["slowdown"], frames["ends"]
    equal = cells[cells["policy"] == "equal"]  # of which each pair is in one cell for each rate and target
    numbers = {
        "runs": whole(ended)["runs"].sum(),
        "starts": starts(ended),
        "cells": len(cells),
        "bounds": (cells["slowdown_bound"] & (cells["slowdown"] > 0)).sum(),
        "unknown": (cells["slowdown_bound"] & (cells["slowdown"] == 0)).sum(),
        "both_missed": equal["both_missed"].sum(),
        "bce_missed": equal["bce_missed"].sum(),
        "mse_missed": (equal["mse_censored"] + equal["mse_diverged"] - equal["both_missed"]).sum(),
        "seeds": frames["datasets"]["seed"].nunique(),
    }
    return {name: wording.count(int(value)) for name, value in numbers.items()} | {
        "budget": range_text(whole(ended)["budget"])
    }


def _figure(name: str, frames: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    """Name a figure with its words and the table behind it."""
    entry = figures.FIGURES[name]
    caption = figures.caption(name, frames)
    lead, _, rest = caption.partition(". ")
    return {
        "name": name,
        "title": entry.title,
        "caption": caption,
        "lead": lead.rstrip(".") + ".",
        "rest": rest,
        "words": entry.describe(frames),
        "file": TABLES[entry.tables[0]].files()[0] if entry.tables else "",
    }
