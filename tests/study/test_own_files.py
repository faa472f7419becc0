"""The user's own files, as they came: forms of files, columns, and every problem with its line and remedy."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from study.config.model import load
from study.data.files import Given
from study.data.kinds import File
from study.errors import UserError
from study.runs import draw

ROWS = [
    (0.346, -0.736, 0), (0.822, -0.163, 1), (0.33, -0.482, 0), (-1.303, 0.599, 1), (0.905, 0.04, 1),
    (0.446, -0.292, 0), (-0.537, -0.782, 0), (0.581, -0.257, 1), (0.365, 0.008, 0), (0.294, -0.276, 1),
    (0.028, 1.294, 1), (0.547, 1.007, 0),
]  # fmt: skip
FRAME = pd.DataFrame(ROWS, columns=["x", "z", "y"])
PLAIN = FRAME.to_csv(index=False)


def options(path: Path, **entry: Any) -> File:
    [found] = load({"datasets": [{"name": "mine", "file": str(path), "label": "y"} | entry]}).datasets
    assert isinstance(found, File)
    return found


def given(path: Path, **entry: Any) -> Given:
    return options(path, **entry).read()


def refused(path: Path, **entry: Any) -> list[str]:
    """The lines of the message, without the path that each begins with."""
    with pytest.raises(UserError) as error:
        given(path, **entry)
    lines = str(error.value).splitlines()
    assert all(line.startswith(str(path)) for line in lines)
    return [line.removeprefix(str(path)).lstrip(":, ") for line in lines]


def written(path: Path, content: str, encoding: str = "utf-8") -> Path:
    path.write_text(content, encoding=encoding, newline="")
    return path


def same(found: Given, frame: pd.DataFrame = FRAME, columns: tuple[str, ...] = ("x", "z")) -> bool:
    """Whether features and labels are those of a frame."""
    raw = frame[list(columns)].to_numpy(dtype=float)
    return (
        found.features.shape == raw.shape
        and np.allclose(found.features, (raw - raw.mean(axis=0)) / raw.std(axis=0), rtol=1e-12)
        and (found.labels == frame["y"]).all()
    )


# --- forms of files


def _zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("inner.csv", PLAIN)


FORMS: dict[str, Callable[[Path], object]] = {
    "plain.csv": lambda path: path.write_text(PLAIN),
    "tab.tsv": lambda path: path.write_text(PLAIN.replace(",", "\t")),
    "semicolon.csv": lambda path: path.write_text(PLAIN.replace(",", ";").replace(".", ",")),
    "semicolons_points.csv": lambda path: path.write_text(PLAIN.replace(",", ";")),
    "bar.txt": lambda path: path.write_text(PLAIN.replace(",", " ")),
    "aligned.dat": lambda path: path.write_text(FRAME.to_string(index=False)),
    "spaces_after_commas.csv": lambda path: path.write_text(PLAIN.replace(",", ", ")),
    "mark.csv": lambda path: path.write_text(PLAIN, encoding="utf-8-sig"),
    "windows.csv": lambda path: path.write_bytes(PLAIN.replace("\n", "\r\n").encode()),
    "blank_lines.csv": lambda path: path.write_text("\n" + PLAIN.replace("\n0.905", "\n\n0.905") + "\n\n"),
    "bars.csv": lambda path: path.write_text(PLAIN.replace(",", "|")),
    "separator_at_the_end.csv": lambda path: path.write_text(PLAIN.replace("\n", ",\n")),
    "separators_at_the_end.csv": lambda path: path.write_text(PLAIN.replace("\n", ",,,\n")),
    "separator_after_values.csv": lambda path: path.write_text(PLAIN.replace("\n", ",\n").replace("y,", "y")),
    "separators_after_names.csv": lambda path: path.write_text(PLAIN.replace("y\n", "y,,\n")),
    "wide.txt": lambda path: path.write_text(PLAIN.replace(",", "\t"), encoding="utf-16"),
    "quoted.csv": lambda path: path.write_text(PLAIN.replace("x,z,y", '"x","z","y"')),
    "single_quotes.csv": lambda path: path.write_text(PLAIN.replace("x,z,y", "'x','z','y'")),
    "plain.csv.gz": lambda path: path.write_bytes(gzip.compress(PLAIN.encode())),
    "plain.csv.bz2": lambda path: FRAME.to_csv(path, index=False),
    "plain.csv.xz": lambda path: FRAME.to_csv(path, index=False),
    "plain.csv.zip": _zip,
    "plain.csv.zst": lambda path: path.write_bytes(pa.compress(PLAIN.encode(), codec="zstd", asbytes=True)),
    "plain.parquet": FRAME.to_parquet,
    "plain.feather": FRAME.to_feather,
    "plain.dta": lambda path: FRAME.to_stata(path, write_index=False),
    "plain.arff": lambda path: path.write_text(
        "@relation r\n@attribute x real\n@attribute z real\n@attribute y {0,1}\n@data\n"
        + PLAIN.partition("\n")[2]
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_file_of_any_form_gives_the_same_data_set(name: str, tmp_path: Path) -> None:
    FORMS[name](tmp_path / name)
    assert same(given(tmp_path / name))


@pytest.mark.parametrize(
    ("content", "entry", "said"),
    [
        (PLAIN, {}, "read as utf-8, separated by comma, decimal sign point, names in the first line"),
        (PLAIN.replace(",", ";").replace(".", ","), {}, "separated by semicolon, decimal sign comma"),
        (PLAIN.replace(",", "|"), {"separator": "|"}, "separated by '|'"),
        (PLAIN.replace(",", "\t"), {"separator": "tab"}, "separated by tab"),
        (PLAIN.replace(",", "  "), {"separator": "blanks"}, "separated by blanks"),
        (PLAIN.replace(",", ";").replace(".", ","), {"separator": ";", "decimal": ","}, "sign comma"),
        (
            PLAIN.partition("\n")[2],
            {"header": False, "label": 3},
            "without a header: columns called 1, 2 and so on",
        ),
        (PLAIN.replace("x,z", "1,2"), {"header": True}, "names in the first line"),
    ],
)
def test_how_a_file_is_read_is_found_or_given_and_said(
    content: str, entry: dict[str, Any], said: str, tmp_path: Path
) -> None:
    found = given(written(tmp_path / "mine.csv", content), **entry)
    assert same(found)
    assert said in found.said[0]


def test_texts_in_latin_1_are_read_as_such(tmp_path: Path) -> None:
    content = PLAIN.replace("z", "größe")
    path = written(tmp_path / "mine.csv", content, "latin-1")
    assert "read as cp1252" in given(path, features=["größe"]).said[0]
    assert "read as latin-1" in given(path, features=["größe"], encoding="latin-1").said[0].replace(
        "iso8859-1", "latin-1"
    )
    [line] = refused(path, encoding="utf-8")
    assert line.startswith("not in the encoding utf-8 (")
    assert line.endswith("write another `encoding`")


def test_a_compressed_file_that_is_damaged_or_ambiguous_is_refused(tmp_path: Path) -> None:
    packed = gzip.compress(PLAIN.encode())
    (tmp_path / "cut.csv.gz").write_bytes(packed[: len(packed) // 2])
    assert refused(tmp_path / "cut.csv.gz")[0].startswith("cannot be read as csv: ")
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("a.csv", PLAIN)
    assert "not a data file that can be read" in refused(tmp_path / "two.zip")[0]
    with zipfile.ZipFile(tmp_path / "two.csv.zip", "w") as archive:
        archive.writestr("a.csv", PLAIN)
        archive.writestr("b.csv", PLAIN)
    assert "holds 2 files; allowed: one" in refused(tmp_path / "two.csv.zip")[0]


def test_a_row_of_another_width_is_named_with_both_counts(tmp_path: Path) -> None:
    more = written(
        tmp_path / "two_extra_fields.csv", "x,y\n10,20,1.5,0\n11,21,2.5,0\n12,22,3.5,1\n13,23,2.0,1\n"
    )
    lines = refused(more)
    assert lines[0].startswith("line 2: 4 values, but 2 names in the header; allowed: as many")
    assert [line.partition(":")[0] for line in lines[1:]] == ["line 3", "line 4", "and 1 more of such lines"]
    fewer = written(tmp_path / "few.csv", 'x,t,y\n1,"a\nb",0\n\n2,1\n3,c,1\n4,c,0\n')
    assert refused(fewer)[0].startswith("line 5: 2 values, but 3 names in the header")
    one = written(tmp_path / "one.csv", "x,y\n0.5,0.1,0\n0.7,0.2,1\n0.8,0.4,1\n0.1,0.7,0\n")
    assert refused(one)[0].startswith("line 2: 3 values, but 2 names in the header")
    # `Series.to_csv` and R's `write.table` leave out the name of the index, and only that.
    table = '"x" "z" "y"\n' + "".join(f'"{i + 1}" {x} {z} {y}\n' for i, (x, z, y) in enumerate(ROWS))
    assert same(given(written(tmp_path / "r.txt", table)))


def test_a_separator_at_the_end_of_rows_moves_no_value_to_another_column(tmp_path: Path) -> None:
    numbered = "".join(f"{i + 1},{z},{y},\n" for i, (_, z, y) in enumerate(ROWS))
    found = given(written(tmp_path / "numbered.csv", f"x,z,y\n{numbered}"))
    assert same(found, FRAME.assign(x=range(1, 13)))
    assert found.said[1:] == ("empty columns at the end left out: 1",)
    unnamed = "y,x,\n" + "".join(f"{y},{i + 1},{z}\n" for i, (_, z, y) in enumerate(ROWS))
    assert same(given(written(tmp_path / "unnamed.csv", unnamed)), FRAME.assign(x=range(1, 13)))


@pytest.mark.parametrize(
    ("above", "line", "named"),
    [
        ("sep=,\n", 2, "'sep='"),
        ("# made by a tool\n#\n", 3, "'# made by a tool'"),
        ("Sheet 1,,\n\n", 3, "'Sheet 1'"),
    ],
)
def test_what_stands_above_the_names_is_shown(above: str, line: int, named: str, tmp_path: Path) -> None:
    [problem] = refused(written(tmp_path / "mine.csv", above + PLAIN))
    assert problem == (
        f"line {line}: here are the names of the columns, but above them is {named}; allowed: the names "
        "first; delete what is above them"
    )


@pytest.mark.parametrize(
    ("old", "new", "line"), [("x,z", 'x,"z', 1), ("\n0.33,", '\n"0.33,', 4), ("\n0.547,", '\n"0.547,', 13)]
)
def test_a_quotation_mark_that_is_not_closed_is_named_with_its_line(
    old: str, new: str, line: int, tmp_path: Path
) -> None:
    for more in ("", "0.5,0.5,1\n" * 20_000):  # within the limits of Python's reader, and beyond them
        [problem] = refused(written(tmp_path / "mine.csv", PLAIN.replace(old, new) + more))
        assert problem.startswith(f"line {line}: a quotation mark that is opened here is not closed; allowed")


INSTEAD: dict[str, tuple[bytes, str]] = {
    "mine.csv": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "`git lfs pull`"),
    "mine.parquet": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "`git lfs pull`"),
    "page.csv": (b"\n<!DOCTYPE html>\n<html><body>y,x</body></html>\n", "a web page"),
    "sheet.csv": (b"PK\x03\x04\x14\0\0\0", "a spreadsheet or .zip file; save it as CSV"),
    "packed.csv": (gzip.compress(PLAIN.encode()), "compressed by gzip; let its name end in .gz"),
}


@pytest.mark.parametrize("name", INSTEAD)
def test_a_file_that_is_not_what_its_name_says_is_named(name: str, tmp_path: Path) -> None:
    content, what = INSTEAD[name]
    (tmp_path / name).write_bytes(content)
    [problem] = refused(tmp_path / name)
    assert what in problem


def test_why_there_is_no_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "parts.parquet").mkdir()
    (tmp_path / "link.csv").symlink_to("gone.csv")
    assert refused(tmp_path / "parts.parquet")[0].startswith("a folder; allowed: one file")
    assert refused(tmp_path / "link.csv") == ["a link to gone.csv, which does not exist"]
    assert refused(Path("~/mine.csv"))[0].endswith("; write the folder itself in place of ~")


def test_a_file_without_a_header_is_not_taken_for_one_with(tmp_path: Path) -> None:
    path = written(tmp_path / "noheader.csv", PLAIN.partition("\n")[2])
    [line] = refused(path)
    assert line.startswith("line 1: this looks like a file without a header (0.346, -0.736, 0); write")
    assert "`header: false`" in line
    assert "`label: 3`" in line
    assert "no column 'y'; allowed as `label`: '1', '2', '3'" in refused(path, header=False)[0]


# --- columns


@pytest.mark.parametrize(
    "values", [("no", "yes"), ("-1", "1"), ("1", "2"), ("benign", "malignant"), ("0.5", "1.5")]
)
def test_any_two_labels_will_do_once_the_positive_one_is_named(
    values: tuple[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "mine.csv"
    FRAME.assign(y=FRAME["y"].map(dict(enumerate(values)))).to_csv(path, index=False)
    [line] = refused(path)
    assert f"write `positive: {values[1]}`".replace("1.5", "'1.5'") in line
    given_as = {"yes": True, "-1": -1, "1": 1, "2": 2, "1.5": 1.5}
    assert same(given(path, positive=given_as.get(values[1], values[1])))
    other = given(path, positive={"no": False, "-1": -1, "1": 1, "0.5": 0.5}.get(values[0], values[0]))
    assert (other.labels == 1 - FRAME["y"]).all()
    assert "is no value of the label; allowed: " in refused(path, positive="other")[0]


@pytest.mark.parametrize("words", [("False", "True"), ("FALSE", "TRUE"), ("false", "true")])
def test_truth_values_need_no_word(words: tuple[str, str], tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    FRAME.assign(y=FRAME["y"].map(dict(enumerate(words)))).to_csv(path, index=False)
    assert same(given(path))
    assert same(given(path, positive=True))


def test_an_unnamed_first_column_is_an_index(tmp_path: Path) -> None:
    ordered = FRAME.sort_values("y").reset_index(drop=True)
    ordered.to_csv(tmp_path / "index_sorted.csv")
    found = given(tmp_path / "index_sorted.csv")
    assert same(found, ordered)
    assert "the first column, which has no name, left out as an index" in found.said
    ordered.to_csv(tmp_path / "index_sorted_without.csv", index=False)
    assert same(given(tmp_path / "index_sorted_without.csv"), ordered)
    pd.read_csv(tmp_path / "index_sorted.csv").to_csv(tmp_path / "twice.csv", index=False)  # "Unnamed: 0"
    assert same(given(tmp_path / "twice.csv"), ordered)


@pytest.mark.parametrize("suffix", [".csv", ".parquet", "categorical.parquet"])
def test_a_column_of_texts_becomes_one_for_each_level_but_the_first(suffix: str, tmp_path: Path) -> None:
    texts = pd.Series(list("bacbacabbaca"), dtype="category" if suffix.startswith("cat") else None)
    frame = FRAME.assign(c=texts)[["x", "c", "y"]]
    path = tmp_path / f"cat{suffix}"
    frame.to_csv(path, index=False) if suffix == ".csv" else frame.to_parquet(path)
    found = given(path)
    levels = pd.DataFrame({"x": frame["x"], "b": texts == "b", "c": texts == "c", "y": frame["y"]})
    assert same(found, levels, ("x", "b", "c"))
    assert "column 'c' of texts became 2 of 0 and 1, for 'b', 'c' (all 0: 'a')" in found.said
    assert same(given(path, drop=["c"]), frame, ("x",))
    assert same(given(path, features=["x"]), frame, ("x",))


def test_a_word_among_numbers_is_no_level(tmp_path: Path) -> None:
    path = written(tmp_path / "onebad.csv", PLAIN.replace("0.581", "abc"))
    [line] = refused(path)
    assert line == (
        "column 'x': not numbers, as the other values are: 'abc' in line 9; allowed: numbers; mend them, or "
        "write `drop: [x]`"
    )


@pytest.mark.parametrize(
    "form",
    ["1,10{}", "1'10{}.5", "1.10{},5", "1 10{}", "{}%", "${}.50", "-{} €", "({}.5)", "1.{}d5", "\u2212{}"],
)
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_numbers_that_are_not_read_as_such_become_no_levels(form: str, suffix: str, tmp_path: Path) -> None:
    frame = FRAME.assign(w=[form.format(i % 9) for i in range(12)])
    path = tmp_path / f"mine{suffix}"
    frame.to_csv(path, index=False) if suffix == ".csv" else frame.to_parquet(path)
    [problem] = refused(path)
    assert problem.startswith(f"column 'w': numbers in a form that is not read: {form.format(0)!r} in ")
    assert "write `drop: [w]`" in problem
    assert same(given(path, drop=["w"]))


def test_a_decimal_comma_between_quotation_marks_is_read_if_told_so(tmp_path: Path) -> None:
    content = "x,z,y\n" + "".join(f'"{x}","{z}",{y}\n'.replace(".", ",") for x, z, y in ROWS)
    path = written(tmp_path / "mine.csv", content)
    assert all("if the comma is the decimal sign, write `decimal: ','`" in line for line in refused(path))
    assert same(given(path, decimal=","))


@pytest.mark.parametrize(
    "form", ["{}-{}", "<{}", "{}+", "{}:30", "v{}", "{}.{}.1", "{}th", "{} cars", "2024-0{}-01"]
)
def test_levels_that_only_begin_like_numbers_stay_levels(form: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    FRAME.assign(w=[form.format(i % 3 + 1, i % 3 + 2) for i in range(12)]).to_csv(path, index=False)
    assert len(given(path).names) == 4


def test_missing_values_are_left_out_or_filled_in_but_never_in_silence(tmp_path: Path) -> None:
    path = written(tmp_path / "missing.csv", PLAIN.replace("\n0.33,", "\n,").replace("-0.292", "?"))
    lines = refused(path)
    assert [line.partition(";")[0] for line in lines] == [
        "column 'x': no value in line 4 (1 of 12 missing)", "column 'z': no value in line 7 (1 of 12 missing)"
    ]  # fmt: skip
    assert all("`missing: drop`" in line and "`missing: mean`" in line for line in lines)
    dropped = given(path, missing="drop")
    assert same(dropped, FRAME.drop(index=[2, 5]))
    assert "2 of 12 samples left out, which lack a value (missing: drop)" in dropped.said
    filled = given(path, missing="mean")
    frame = FRAME.assign(x=FRAME["x"].drop(index=2), z=FRAME["z"].drop(index=5))
    assert same(filled, frame.fillna(frame.mean()))
    assert "column 'x': its mean filled in 1 times (missing: mean)" in filled.said
    assert refused(written(tmp_path / "label.csv", PLAIN.replace("0.04,1", "0.04,")), missing="mean")[
        0
    ].startswith("column 'y': no value in line 6; allowed: a label for every sample; write `missing: drop`")


def test_constant_repeated_and_empty_columns_are_left_out_and_named(tmp_path: Path) -> None:
    frame = FRAME.assign(c=1, w=FRAME["x"], e=np.nan)[["x", "c", "w", "e", "z", "y"]]
    frame.to_csv(tmp_path / "constant.csv", index=False)
    found = given(tmp_path / "constant.csv")
    assert same(found)
    assert found.said[1:] == (
        "column 'e' left out: it has no values",
        "constant columns left out: 'c'",
        "repeated columns left out: 'w' (equal to 'x')",
    )


def test_features_stay_as_they_are_if_told_so(tmp_path: Path) -> None:
    path = written(tmp_path / "mine.csv", PLAIN)
    assert (given(path, standardise=False).features == FRAME[["x", "z"]].to_numpy()).all()


def test_a_sample_of_rows_has_the_shares_of_the_classes_and_depends_on_its_name_only(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    pd.DataFrame({"x": np.arange(1000.0), "y": np.arange(1000) % 10 == 0}).to_csv(path, index=False)
    found = given(path, rows=100, standardise=False)
    assert (len(found.labels), found.labels.sum()) == (100, 10)
    assert (np.diff(found.features[:, 0]) > 0).all()  # in the order of the file
    assert (given(path, rows=100, standardise=False, fraction=1.0).features == found.features).all()
    other = given(path, rows=100, standardise=False, name="other")
    assert not np.array_equal(other.features, found.features)
    assert "100 of 1000 samples drawn (rows: 100)" in found.said
    assert len(given(path, rows=1000).labels) == 1000


def test_every_problem_of_every_file_is_listed_at_once(tmp_path: Path) -> None:
    content = "x,z,y,w,who\n" + "".join(
        f"{i},{'' if i == 3 else i},{'ab'[i % 2]},{'inf' if i == 7 else i},n{i}\n" for i in range(30)
    )
    first, second = written(tmp_path / "a.csv", content), tmp_path / "none.csv"
    config = load({"datasets": [{"name": f.stem, "file": str(f), "label": "y"} for f in (first, second)]})
    with pytest.raises(UserError) as error:
        draw.check(config)
    lines = str(error.value).splitlines()
    begins = [
        "a.csv, column 'y': the label's values are 'a' and 'b'; write `positive: b`",
        "a.csv, column 'w': not finite: inf in line 9",
        "a.csv, column 'who': 30 different texts, the first of them 'n0' in line 2, 'n1' in line 3",
        "a.csv, column 'z': no value in line 5",
        "none.csv: no such file",
    ]
    assert len(lines) == len(begins)
    assert all(
        line.startswith(f"{begin[0] if begin[1] == '.' else 'none'}: {tmp_path}/{begin}")
        for line, begin in zip(lines, begins, strict=True)
    )
    mended = {"positive": "b", "drop": ["w", "who"], "missing": "mean"}
    found = draw.described(load({"datasets": [{"name": "a", "file": str(first), "label": "y"} | mended]}))
    assert found[-1] == "a: 30 samples, 15 of them positive (y is b), 2 features"
