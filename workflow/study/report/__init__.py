"""The report: a self-contained page, the same in Markdown, and a summary in JSON, all from the tables.

Templates are in `templates/`; what they print is prepared here, so that no number is written by hand and none
can contradict a table. Nothing that changes from run to run of the same study, such as a time of day, reaches
the page.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from study import figures
from study.catalogue import OF_A_STUDY, TABLES
from study.files import digest, replacing
from study.provenance.receipts import versions
from study.report import card, explorer
from study.report.answers import Provenance, summary
from study.report.document import markdown
from study.report.webpage import page
from study.runs.tables import CURVES
from study.statistics import aggregation
from study.statistics.bootstrap import RESAMPLES
from study.statistics.headline import Headline
from study.statistics.survival import LEVEL
from study.tables import store

__all__ = ["Provenance", "markdown", "page", "summary", "versions", "write"]


def write(
    folder: str | Path,
    drawn: Iterable[str | Path],
    html: str | Path,
    markdown_file: str | Path,
    summary_file: str | Path,
    card_file: str | Path,
    *,
    commit: str,
    config: str,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
    hold: int = 1,
) -> None:
    """Write `report.html`, `report.md`, `summary.json` and `card.png` from the tables in a folder.

    Parameters
    ----------
    folder
        Where the tables are, in parquet and CSV, such as `results/tables`.
    drawn
        The SVG files of all figures, each named after its figure.
    html, markdown_file, summary_file, card_file
        The files to write. Links in the first two are relative, so they belong next to `tables/` and
        `figures/`.
    commit
        Of the code, `unknown` where there is none.
    config
        The config as YAML text.
    level, resamples
        Confidence level and bootstrap resamples that the tables were made with.
    hold
        Steps in a row for which a target had to hold.
    """
    folder = Path(folder)
    frames = _quoted(folder)
    files = [file for name in OF_A_STUDY for file in TABLES[name].files()]
    digests = {
        file: digest(folder / Path(file).name) for file in files if (folder / Path(file).name).exists()
    }
    provenance = Provenance(commit, config, level, resamples, hold, versions(), digests)
    found = json.dumps(summary(frames, provenance), indent=2, allow_nan=False, ensure_ascii=False)
    pictures = {Path(path).stem: figures.read(path) for path in drawn}
    texts = {
        html: page(frames, provenance, pictures),
        markdown_file: markdown(frames, provenance),
        summary_file: found + "\n",
    }
    for path, text in texts.items():
        with replacing(Path(path)) as temporary:
            temporary.write_text(text, encoding="utf-8")
    card.write(frames, card_file)


def _quoted(folder: Path) -> dict[str, pd.DataFrame]:
    """Read the tables of a study; of the large ones, `runs` and `curves`, only what the report needs."""
    frames = aggregation.quoted(folder, [TABLES[name] for name in OF_A_STUDY])
    rate = Headline.read(frames["headline"]).rate
    frames["curves"] = store.scan(CURVES, folder / "curves.parquet", where=[{"rate": rate}])
    frames["arrival_steps"] = aggregation.arrival_steps(folder / "runs.parquet", explorer.DETAIL[0][0])
    return frames
