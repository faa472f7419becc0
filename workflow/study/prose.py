"""The type of text that only people read."""

from __future__ import annotations

__all__ = ["Prose"]

Prose = str
"""Text such as what a column means: no result depends on it, so no job runs again when it is reworded.

An annotation for parameters, fields and values; see `study.provenance.fingerprints`.
"""
