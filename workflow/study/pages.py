"""Pages from templates: one HTML file each, with its style inside, that needs nothing but itself."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import jinja2
from markupsafe import Markup

__all__ = ["render"]

_TEMPLATES: Final = Path(__file__).parent / "templates"


def render(template: str, styles: Sequence[str], **values: Any) -> str:
    """Fill a template.

    Parameters
    ----------
    template
        Name of a file in `templates/`.
    styles
        Names of style sheets in `templates/`; the template puts them where it prints `style`.
    **values
        What the template prints; text is escaped, and a name that is not given is an error.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = Markup("".join((_TEMPLATES / name).read_text(encoding="utf-8") for name in styles))  # noqa: S704  our own
    return environment.get_template(template).render(style=style, **values)
