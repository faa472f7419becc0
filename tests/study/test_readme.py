from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET

import pytest
from study.report import readme

SUMMARY = json.loads((readme.ROOT / readme.REFERENCE / "summary.json").read_text(encoding="utf-8"))
README = (readme.ROOT / "README.md").read_text(encoding="utf-8")


def test_the_readme_opens_with_the_answer_of_the_reference() -> None:
    assert readme.rewritten(README, SUMMARY) == README, "run `python -m study.report.readme`"
    opening = README[: README.index("## ")]
    values = [value for row in SUMMARY["first_screen"]["methods"] for value in row.values()]
    assert len(values) > 9
    assert all(readme.escape(value) in opening for value in values)


def test_the_numbers_of_the_first_screen_are_those_of_the_answer() -> None:
    found = SUMMARY["answer"]
    starts = [found["zero"], found["ordinary"], found["sure_wrong"]]
    for card, start in zip(SUMMARY["first_screen"]["cards"], starts, strict=True):
        assert card["value"].rstrip("\N{MULTIPLICATION SIGN}") == start["equal"]["text"].split("x")[0]
        for (value, _), policy in zip(card["others"], ("equal_no_half", "tuned"), strict=True):
            assert value.split("\N{MULTIPLICATION SIGN}")[0] == start[policy]["text"].split("x")[0]


def test_the_picture_is_of_the_same_run() -> None:
    picture = ET.parse(readme.ROOT / readme.PICTURE).getroot()
    words = picture.findtext("{http://www.w3.org/2000/svg}desc")
    wrong = [entry["equal"]["text"] for entry in SUMMARY["answer"]["confident"]]
    assert wrong[-1] in words
    assert readme.PICTURE in README


def test_a_drift_is_seen_and_mended() -> None:
    other = json.loads(json.dumps(SUMMARY))
    name = list(other["first_screen"]["methods"][0])[-1]
    other["first_screen"]["methods"][0][name] = "17.3\N{MULTIPLICATION SIGN}"
    text = readme.rewritten(README, other)
    assert text != README
    assert "17.3\N{MULTIPLICATION SIGN}" in text
    assert readme.rewritten(text, SUMMARY) == README
    with pytest.raises(ValueError, match="markers"):
        readme.rewritten(re.sub("<!--.*?-->", "", README), SUMMARY)
