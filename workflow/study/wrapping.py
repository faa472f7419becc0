"""Paragraphs and list items of generated Markdown, in lines of limited length."""

from __future__ import annotations

import re
import textwrap

__all__ = ["wrapped"]

_KEPT = "\N{NO-BREAK SPACE}"


def wrapped(text: str, width: int = 110) -> str:
    """Wrap a paragraph or a list item.

    No line begins with a sign that would start a list or a heading, and no piece of code is broken.
    """
    head = "- " if text.startswith("- ") else ""
    body = re.sub(r" ([-+*#]) ", rf"{_KEPT}\1{_KEPT}", text.removeprefix(head))
    body = re.sub(r"`[^`]*`", lambda code: code[0].replace(" ", _KEPT), body)
    wrapper = textwrap.TextWrapper(
        width,
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return wrapper.fill(body).replace(_KEPT, " ")
