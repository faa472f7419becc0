"""What a claim is, and the verdicts there are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from study.claims.evidence import Evidence


__all__ = ["FAILS", "HOLDS", "LIMIT", "OPEN", "PART", "VERDICTS", "Claim", "Judgement"]

HOLDS: Final = "holds"

LIMIT: Final = "holds in the limit"

FAILS: Final = "fails"

PART: Final = "holds in part"

OPEN: Final = "left open"

VERDICTS: Final = (HOLDS, LIMIT, PART, FAILS, OPEN)

Judgement = tuple[str, str]
"""The evidence in words, and the verdict."""


@dataclass(frozen=True)
class Claim:
    """One claim.

    Attributes
    ----------
    claim
        A and number: the article's; R: the review's; N: stated by neither.
    source
        `article`, `review` or `neither`.
    statement
        What it says, in our words.
    formal
        What is taken as its precise meaning.
    test
        What would make it true, and how that is looked at.
    judge
        From the evidence to its words and the verdict.
    """

    claim: str
    source: str
    statement: str
    formal: str
    test: str
    judge: Callable[[Evidence], Judgement]
