"""The page of the laws holds the numbers of the code."""

from __future__ import annotations

from laws_page import PAGE, TABLES, rendered


def test_the_page_has_the_numbers_of_the_code() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == rendered(), "run: python tests/study/laws_page.py"
    assert all(f"<!-- {name} -->" in page for name in TABLES)
