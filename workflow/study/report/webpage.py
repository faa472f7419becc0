"""The report as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import pandas as pd
from markupsafe import Markup

from study.figures.style import COLOURS, GRID, INK, MUTED
from study.pages import TEMPLATES, environment
from study.report import explorer
from study.report.contents import contents
from study.report.words import MARKS

if TYPE_CHECKING:
    from study.report.answers import Provenance

# Ink and the two losses' colours follow the reader's light or dark page; in a file of its own a figure keeps its own.
_THEMED: Final = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    GRID: "var(--line)",
    COLOURS["mse"]: "var(--mse)",
    COLOURS["bce"]: "var(--bce)",
}


def page(frames: Mapping[str, pd.DataFrame], provenance: Provenance, pictures: Mapping[str, str]) -> str:
    """Render the report as one HTML page that needs nothing but itself.

    Parameters
    ----------
    frames
        Every table of `study.tables.tables.OF_A_STUDY`, by name.
    provenance
        Commit, config, versions and digests.
    pictures
        Every figure of `study.figures.FIGURES` by name, as `study.figures.svg` draws it.
    """
    told = contents(frames, provenance)
    data = explorer.build(frames, provenance.level)
    return (
        environment(autoescape=True)
        .get_template("report.html")
        .render(
            **told,
            style=_own("report.css"),
            script=_own("explorer.js") + _own("save.js"),
            explorer=data,
            explorer_data=Markup(explorer.dump(data)) if data else "",  # noqa: S704  escaped by `dump`
            svg={name: _themed(text) for name, text in pictures.items()},
            marks={mark: word.replace(" ", "-") for word, mark in MARKS.items()},
        )
    )


def _own(name: str) -> Markup:
    """Return a file of ours as it is."""
    return Markup((TEMPLATES / name).read_text(encoding="utf-8"))  # noqa: S704


def _themed(text: str) -> Markup:
    """Put a figure into the page's colours. Its only free text is escaped where it is drawn."""
    for colour, variable in _THEMED.items():
        text = text.replace(colour, variable)
    return Markup(text)  # noqa: S704
