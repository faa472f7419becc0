"""What all tests share: their order, and which of them start other programs."""

from __future__ import annotations

import pytest
from hypothesis import settings

settings.register_profile("without deadlines", deadline=None)  # a busy machine is no failure
settings.load_profile("without deadlines")


@pytest.hookimpl(tryfirst=True)  # before pytest selects by marker
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what opens a browser, and put first the files that take longest, lest a worker end with one."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.processes)
    items.sort(
        key=lambda item: (item.path.parent.name != "workflow", not item.get_closest_marker("integration"))
    )
