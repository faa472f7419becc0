"""What all tests share: their order."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put first the files that take longest, so that no worker is left with one of them at the end."""
    items.sort(
        key=lambda item: (item.path.parent.name != "workflow", not item.get_closest_marker("integration"))
    )
