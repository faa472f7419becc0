"""The report as one self-contained HTML page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

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
    glyphs, drawn = shared_glyphs(pictures)
    return pages.render(
        "report.html",
        ("report.css",),
        ("neuron.js", "charts.js", "explorer.js", "save.js", "elsewhere.js"),
        **contents(frames, provenance),
        explorer=data,
        neuron=neuron,
        explorer_data=Markup(explorer.dump(data)) if data else "",  # noqa: S704  escaped by `dump`
        # The only free text of a figure is escaped where it is drawn.
        svg={name: Markup(text) for name, text in drawn.items()},  # noqa: S704
        glyphs=Markup(glyphs),  # noqa: S704
        marks={mark: word.replace(" ", "-") for word, mark in MARKS.items()},
    )


_GLYPH: Final = re.compile(r'\s*<path id="[\w-]+?-(DejaVu\w+-[0-9a-f]+)" ([^>]*)/>')


def shared_glyphs(pictures: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """Take the shapes of letters out of figures, so that a page holds each of them once.

    Parameters
    ----------
    pictures
        Figures by name, as `study.figures.svg` draws them: each has its own shapes.

    Returns
    -------
    str, dict
        The shapes, for one `defs` element; the figures, which refer to them.
    """
    shapes: dict[str, str] = {}
    out = {}
    for name, text in pictures.items():
        shapes |= {letter[1]: letter[2] for letter in _GLYPH.finditer(text)}
        short = re.sub(r"\s*<defs>\s*</defs>", "", _GLYPH.sub("", text))
        out[name] = re.sub(rf'href="#{name}-(DejaVu\w+-[0-9a-f]+)"', r'href="#\1"', short)
    return "".join(f'<path id="{letter}" {shape}/>\n' for letter, shape in sorted(shapes.items())), out
