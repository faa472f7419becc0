"""The answer at the top of the README, taken from the reference results of the default study.

`python -m study.report.readme` rewrites what is between the two markers; a test fails when the two differ.
`python -m study.report.readme results` first takes summary and picture from a finished default study, as the
new reference.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from study.files import replacing
from study.report.document import escape
from study.wrapping import wrapped

ROOT: Final = Path(__file__).parents[3]
REFERENCE: Final = "results/reference/default"
PICTURE: Final = f"{REFERENCE}/confidence.svg"
BEGIN: Final = "<!-- The answer: made by `python -m study.report.readme` from the reference results. -->"
END: Final = "<!-- End of the answer. -->"


def block(summary: Mapping[str, Any]) -> str:
    """Write the answer: its sentences, its table of methods by starts, how it is counted, its picture.

    Parameters
    ----------
    summary
        What `summary.json` of the reference holds.
    """
    screen = summary["first_screen"]
    lines = [wrapped(escape(" ".join(screen["lede"] + screen["unit"]))), "", *_table(screen["methods"])]
    lines += [
        "",
        wrapped(escape(" ".join(screen["counting"]))),
        "",
        (f"![Slowdown of MSE against how sure a wrong start is, by learning-rate policy]({PICTURE})"),
        "",
        wrapped(
            f"From {summary['counts']['runs']:,d} runs of the default study; [every number of the summary]"
            f"({REFERENCE}/summary.json)."
        ),
    ]
    return "\n".join(lines)


def _table(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """Write rows as a table: ratios of steps, MSE to BCE, at equal rates with interval; at the best rates."""
    if not rows:
        return []
    head = list(rows[0])
    body = [" | ".join(escape(row[name]) for name in head) for row in rows]
    caption = (
        "Times as many steps with MSE as with BCE, by optimiser and start: at the same learning rate "
        "[interval]; with the best rate for each loss."
    )
    lines = [" | ".join(map(escape, head)), "|".join(["---"] * len(head)), *body]
    return [wrapped(escape(caption)), "", *(f"| {line} |" for line in lines)]


def rewritten(text: str, summary: Mapping[str, Any]) -> str:
    """Return the README with the block between the markers made anew.

    Raises
    ------
    ValueError
        A marker is missing.
    """
    head, found, rest = text.partition(BEGIN)
    _, closed, tail = rest.partition(END)
    if not (found and closed):
        raise ValueError("README.md: the markers of the answer are missing")
    return f"{head}{BEGIN}\n\n{block(summary)}\n\n{END}{tail}"


def record(results: Path, reference: Path) -> None:
    """Copy the summary and the picture of a finished study into the folder of the reference."""
    for source in (results / "summary.json", results / "figures" / Path(PICTURE).name):
        with replacing(reference / source.name) as temporary:
            temporary.write_bytes(source.read_bytes())


def main(arguments: Sequence[str]) -> None:
    """Rewrite the README of this repository; with a folder of results, take the reference from it first."""
    if arguments:
        record(Path(arguments[0]), ROOT / REFERENCE)
    summary = json.loads((ROOT / REFERENCE / "summary.json").read_text(encoding="utf-8"))
    path = ROOT / "README.md"
    text = rewritten(path.read_text(encoding="utf-8"), summary)
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
