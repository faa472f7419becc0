"""Pages from templates: one HTML file each, with its style inside, that needs nothing but itself."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import jinja2
from markupsafe import Markup

__all__ = ["TEMPLATES", "environment", "render"]

TEMPLATES: Final = Path(__file__).parent / "templates"


def environment(*, autoescape: bool) -> jinja2.Environment:
    """Make the environment in which the templates are rendered: an unknown name is an error."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=autoescape,  # noqa: S701  pages are escaped, Markdown has rules of its own
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


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
    style = Markup("".join((TEMPLATES / name).read_text(encoding="utf-8") for name in styles))  # noqa: S704  our own
    return environment(autoescape=True).get_template(template).render(style=style, **values)
