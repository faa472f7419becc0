"""Pages from templates: self-contained HTML files, with their style and scripts inside."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import jinja2
from markupsafe import Markup

__all__ = ["TEMPLATES", "environment", "policy", "render"]

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


def policy(style: str, script: str = "") -> str:
    """Return the content-security policy that admits a page's own style sheet and script by their digests.

    Nothing else is admitted: no style attribute, no network, no form. Images may be `data:` addresses,
    because pictures are converted to PNG files through them.

    Parameters
    ----------
    style, script
        Text between the tags of the page's `style` and `script` elements; without a script none may run.
    """

    def admitted(text: str) -> str:
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
        return f"'sha256-{digest}'" if text else "'none'"

    return (
        f"default-src 'none'; style-src {admitted(style)}; script-src {admitted(script)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def render(template: str, styles: Sequence[str], scripts: Sequence[str] = (), **values: Any) -> str:
    """Fill a template.

    Parameters
    ----------
    template
        Name of a file in `templates/`.
    styles, scripts
        Names of style sheets and scripts in `templates/`. The template puts them where it prints `style` and
        `script`, nothing else between the tags, and in a `meta` element `security_policy`, which admits them.
    **values
        What the template prints; text is escaped, and a name that is not given is an error.
    """
    style, script = (_joined(names) for names in (styles, scripts))
    return (
        environment(autoescape=True)
        .get_template(template)
        .render(
            style=style,
            script=script,
            security_policy=Markup(policy(style, script)),  # noqa: S704  it has quotes, no outside text
            **values,
        )
    )


def _joined(names: Sequence[str]) -> Markup:
    """Return the text of templates one after the other, unescaped."""
    return Markup("".join((TEMPLATES / name).read_text(encoding="utf-8") for name in names))  # noqa: S704
