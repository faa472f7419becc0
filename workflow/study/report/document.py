"""The report as Markdown, for a repository or an appendix: the same numbers and words as the page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from study.pages import environment
from study.report.contents import contents

if TYPE_CHECKING:
    from study.report.answers import Provenance


def escape(text: str) -> str:
    """Escape text for Markdown: `|` would end a cell, `<` would begin a tag."""
    return re.sub(r"([\\`*_|<>\[\]#])", r"\\\1", text).replace("\n", " ")


def markdown(frames: Mapping[str, pd.DataFrame], provenance: Provenance) -> str:
    """Render the report as Markdown; its pictures are the files in `figures/` next to it.

    Parameters
    ----------
    frames
        Every table of `study.catalogue.OF_A_STUDY`, by name.
    provenance
        Commit, config, versions and digests.
    """
    made = environment(autoescape=False)
    made.filters["md"] = escape
    text = made.get_template("report.md").render(**contents(frames, provenance))
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"
