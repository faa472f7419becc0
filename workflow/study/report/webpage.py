"""The report as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd
from markupsafe import Markup

from study import pages
from study.report import explorer, neuron
from study.report.contents import contents
from study.report.words import MARKS

if TYPE_CHECKING:
    from study.report.answers import Provenance


def page(frames: Mapping[str, pd.DataFrame], provenance: Provenance, pictures: Mapping[str, str]) -> str:
    """Render the report as one HTML page that needs nothing but itself.

    Parameters
    ----------
    frames
        Every table of `study.catalogue.OF_A_STUDY`, by name.
    provenance
        Commit, config, versions and digests.
    pictures
        Every figure of `study.figures.FIGURES` by name, as `study.figures.svg` draws it.
    """
    data = explorer.build(frames, provenance.level)
    return pages.render(
        "report.html",
        ("report.css",),
        ("neuron.js", "charts.js", "explorer.js", "save.js", "elsewhere.js"),
        **contents(frames, provenance),
        explorer=data,
        neuron=neuron,
        explorer_data=Markup(explorer.dump(data)) if data else "",  # noqa: S704  escaped by `dump`
        # The only free text of a figure is escaped where it is drawn.
        svg={name: Markup(text) for name, text in pictures.items()},  # noqa: S704
        marks={mark: word.replace(" ", "-") for word, mark in MARKS.items()},
    )
