"""What the tests of the kernels share."""

from __future__ import annotations

import pytest

import kernels


@pytest.fixture
def registries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Losses, models and optimisers that a test registers are known to that test alone."""
    for registry in (kernels.LOSSES, kernels.MODELS, kernels.OPTIMISERS):
        for table in ("_plain", "_families", "_made"):
            monkeypatch.setattr(registry, table, dict(getattr(registry, table)))
