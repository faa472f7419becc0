"""The sentences on how far the answer moves, against the tables they are made from."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from study.report import moves

TIMES = "\N{MULTIPLICATION SIGN}"


def test_each_start_has_its_base_its_least_and_its_greatest(frames):
    table = frames["sensitivity"]
    sentences = moves.choices_prose(table)
    assert len(sentences) == table["initialisation"].nunique()
    for sentence, name in zip(sentences, ("zero", "normal", "sure_wrong"), strict=True):
        rows = table[(table["initialisation"] == name) & (table["slowdown"] > 0)]
        base = rows.loc[rows["changed"] == "nothing", "slowdown"].iloc[0]
        values = [float(text.replace(",", "")) for text in re.findall(rf"([\d.,]+){TIMES}", sentence)]
        assert values == pytest.approx([base, rows["slowdown"].min(), rows["slowdown"].max()], rel=0.01)


def test_no_start_is_said_in_words(frames):
    assert moves.choices_prose(frames["sensitivity"].iloc[:0]) == [
        "This study has no start of the first screen."
    ]
    assert len(moves.perturbation_prose(frames["perturbation"].iloc[:0])) == 1


@pytest.fixture
def table(frames) -> pd.DataFrame:
    """Four numbers of the first screen, and six cells of the sample, three of each loss."""
    made = frames["perturbation"]
    numbers, sampled = (
        made[made["loss"] == "both"].iloc[[0] * 4],
        made[made["policy"] == "none"].iloc[[0] * 6],
    )
    sampled = sampled.assign(loss=["mse", "bce"] * 3, rises=0.01, chaotic=False)
    return pd.concat([numbers, sampled], ignore_index=True)


def test_numbers_that_move_are_counted(table):
    still = moves.perturbation_prose(table.assign(same_text=True))[0]
    assert "all 4 slowdowns of the first screen's starts print the same" in still
    moved = moves.perturbation_prose(table.assign(same_text=table.index > 1))[0]
    assert "2 of 4 slowdowns of the first screen's starts print otherwise" in moved


def test_chaotic_cells_and_rises_are_counted(table):
    table.loc[[4, 5, 6], "chaotic"] = True
    table.loc[4, "rises"] = 0.26
    said = " ".join(moves.perturbation_prose(table))
    assert "Of 6 cells" in said
    assert "3 are chaotic" in said
    assert "MSE's in up to 26% and BCE's in up to 1% of the first 200 steps" in said
