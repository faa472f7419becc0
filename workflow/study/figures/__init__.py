"""The figures: from tables to matplotlib figures and their files, SVG, PNG and PDF.

A figure is one entry of `FIGURES`: what it is called, which tables it reads, a function that draws it and one
that describes it in words. Each family of figures has a module.
"""

from __future__ import annotations

import io
import re
from html import escape
from pathlib import Path
from types import MappingProxyType
from typing import Final

from study.figures.loading import load_matplotlib
from study.files import replacing

load_matplotlib()  # before any other import of it

from matplotlib.figure import Figure  # noqa: E402

from study.figures import (  # noqa: E402
    confidence,
    factor,
    methods,
    minima,
    neuron,
    phase,
    progress,
    rates,
    real,
    sensitivity,
    slowdown,
)
from study.figures.style import Entry, Frames, styled  # noqa: E402

_ENTRIES: Final[tuple[Entry, ...]] = (
    neuron.NEURON,
    confidence.CONFIDENCE,
    methods.METHODS,
    slowdown.SLOWDOWN,
    factor.FACTOR,
    phase.PHASE,
    phase.THEORY,
    progress.SURVIVAL,
    progress.CURVES,
    rates.RATES,
    rates.POLICIES,
    sensitivity.SENSITIVITY,
    real.REAL,
    minima.MINIMA,
    methods.NETWORKS,
    methods.REMEDIES,
)

FIGURES: Final = MappingProxyType({entry.name: entry for entry in _ENTRIES})
"""Every figure by name, in the order of the report. A new one is one entry."""

_OF_METHODS: Final = {"comparisons", "experiments"}


def _part(entry: Entry) -> str:
    if "slowdown" in entry.tables:
        return "runs"
    return "methods" if _OF_METHODS & set(entry.tables) else "law"


PARTS: Final = MappingProxyType(
    {
        part: tuple(entry.name for entry in _ENTRIES if _part(entry) == part)
        for part in ("runs", "methods", "law")
    }
)
"""Names of the figures that are drawn in one job: those of the sweep, of methods, and the others."""

# A separate file has a white background, whatever it is shown on.
_PROLOGUE: Final = '<?xml version="1.0" encoding="utf-8"?>\n<svg style="background-color: #ffffff" '


def draw(name: str, frames: Frames) -> Figure:
    """Draw the figure `name` of `FIGURES` from the tables it names."""
    with styled():
        return FIGURES[name].draw(frames)


def caption(name: str, frames: Frames) -> str:
    """Return a figure's caption, with the target it is drawn for."""
    return FIGURES[name].caption(frames)


def svg(name: str, frames: Frames) -> str:
    """Render a figure as SVG text with its title and its text alternative inside.

    Parameters
    ----------
    name
        Key of `FIGURES`.
    frames
        Tables by name; those in the figure's `tables` are read.

    Returns
    -------
    str
        One `<svg>` element, without XML declaration; the same text for the same tables. Every id begins with
        the figure's name, so that several figures can be on one page.
    """
    return _svg(name, frames, draw(name, frames))


def _svg(name: str, frames: Frames, figure: Figure) -> str:
    entry = FIGURES[name]
    buffer = io.StringIO()
    with styled():
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = _unstyled(_numbered(re.sub(r"\s*<metadata>.*?</metadata>", "", text, flags=re.DOTALL)))
    # In thousandths of a point: the sixth decimal, which matplotlib prints, can depend on the processor.
    text = re.sub(r"\d+\.\d{4,}", lambda found: f"{float(found[0]):.3f}".rstrip("0").rstrip("."), text)
    text = _short(text)
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r'(href="|url\()#', rf"\1#{name}-", text)
    head, body = text.split(">", 1)
    label = f'role="img" aria-labelledby="{name}-title {name}-text"'
    title = f'<title id="{name}-title">{escape(entry.title)}</title>'
    words = f'{title}\n <desc id="{name}-text">{escape(entry.describe(frames))}</desc>'
    return f"{head} {label}>\n {words}{body}"


def _short(text: str) -> str:
    """Leave out comments, indents, and blanks that a path does not need."""

    def path(match: re.Match[str]) -> str:
        return re.sub(r" ?([MLQCZz]) ?", r"\1", " ".join(match[0].split()))

    text = re.sub(r"\s*<!--.*?-->", "", text, flags=re.DOTALL)
    return re.sub(r"\n\s+", "\n", re.sub(r'\bd="[^"]*"', path, text))


def _numbered(text: str) -> str:
    """Number the ids that matplotlib makes from a hash of unrounded coordinates.

    What is drawn is rounded, but the last bit of a logarithm, which depends on the processor, would show in
    the hash.
    """
    hashed = dict.fromkeys(re.findall(r'\bid="([A-Za-z]\w*?[0-9a-f]{10})"', text))
    for number, name in enumerate(hashed):
        text = re.sub(rf'(id="|href="#|url\(#){name}\b', rf"\g<1>{name[0]}{number}", text)
    return text


def _unstyled(text: str) -> str:
    """Turn style attributes and matplotlib's style sheet into attributes of SVG.

    A content-security policy can forbid styles, but not attributes such as `fill`.
    """

    def spelled(match: re.Match[str]) -> str:
        pairs = (pair.split(":", 1) for pair in match[1].split(";") if pair.strip())
        return " ".join(f'{key.strip()}="{value.strip()}"' for key, value in pairs)

    sheet = re.compile(r"\s*<defs>\s*<style[^>]*>\*\{[^}]*\}</style>\s*</defs>")
    text = sheet.sub("", text, count=1).replace(
        "<svg ", '<svg stroke-linejoin="round" stroke-linecap="butt" ', 1
    )
    return re.sub(r'\bstyle="([^"]*)"', spelled, text)


def write(
    name: str, frames: Frames, svg_path: str | Path, png_path: str | Path, pdf_path: str | Path
) -> None:
    """Draw a figure into an SVG, a PNG and a PDF file.

    Parameters
    ----------
    name
        Key of `FIGURES`.
    frames
        Tables by name; those in the figure's `tables` are read.
    svg_path, png_path, pdf_path
        The files to write, on white. The PNG, 200 dots per inch, is for documents that cannot hold an SVG;
        the PDF, whose text is set in an embedded font, is for LaTeX.
    """
    figure = draw(name, frames)
    with replacing(Path(svg_path)) as temporary:
        temporary.write_text(_PROLOGUE + _svg(name, frames, figure).removeprefix("<svg "), encoding="utf-8")
    with replacing(Path(png_path)) as temporary, styled():
        figure.savefig(temporary, format="png", dpi=200, facecolor="white", metadata={"Software": None})
    with replacing(Path(pdf_path)) as temporary:
        temporary.write_bytes(_pdf(figure))


def _pdf(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    with styled():
        nameless = {"Creator": None, "Producer": None, "CreationDate": None}  # no version and no time
        figure.savefig(buffer, format="pdf", facecolor="white", metadata=nameless)
    return re.sub(
        rb"\nstream\n(?!\x00\x01\x00\x00).*?\nendstream", _rounded, buffer.getvalue(), flags=re.DOTALL
    )


def _rounded(stream: re.Match[bytes]) -> bytes:
    """Round the numbers of a stream to the 6 decimals that an SVG has.

    With the 10 that matplotlib writes, the last bit of a logarithm, which depends on the processor, would
    show. Zeros pad them to the old length, because a PDF records at which byte each part begins.
    """

    def six(number: re.Match[bytes]) -> bytes:
        return f"{float(number[0]):.6f}".encode().ljust(len(number[0]), b"0")

    return re.sub(rb"-?\d+\.\d{7,}", six, stream[0])


def read(svg_path: str | Path) -> str:
    """Read back a file of `write` as the `<svg>` element that `svg` returns, for a page."""
    return "<svg " + Path(svg_path).read_text(encoding="utf-8").removeprefix(_PROLOGUE)
