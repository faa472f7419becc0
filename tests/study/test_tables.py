from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from study.dictionary import ALL, data_dictionary
from study.files import digest
from study.tables import store
from study.tables.table import conform

ROOT = Path(__file__).parents[2]


def example(name: str, rows: int = 4) -> pd.DataFrame:
    """Rows with every awkward value its types allow."""
    values = {
        "int64": [3, -1, 2**62, 0],
        "float64": [np.inf, np.nan, 0.1 + 0.2, 1e-300],
        "str": ["digits <3> & 8", "", "nan", 'a,"b"\n'],
        "bool": [True, False, True, False],
    }
    frame = pd.DataFrame({column: values[dtype][:rows] for column, dtype in ALL[name].dtypes.items()})
    for key in ALL[name].key:
        if ALL[name].dtypes[key] == "int64":
            frame[key] = [3, 1, 0, 2][:rows]
    return frame


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_what_is_written_is_read_back(name, suffix, tmp_path):
    frame = example(name)
    path = tmp_path / f"{name}{suffix}"
    store.write(frame, ALL[name], path)
    pd.testing.assert_frame_equal(store.read(ALL[name], path), conform(frame, ALL[name]), check_exact=True)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_bytes_do_not_depend_on_the_order_of_rows_or_columns(name, suffix, tmp_path):
    frame = example(name)
    store.write(frame, ALL[name], tmp_path / f"a{suffix}")
    store.write(frame.iloc[::-1, ::-1], ALL[name], tmp_path / f"b{suffix}")
    assert digest(tmp_path / f"a{suffix}") == digest(tmp_path / f"b{suffix}")


def test_an_empty_table_keeps_its_types(tmp_path):
    store.write(example("slowdown", 0), ALL["slowdown"], tmp_path / "a.csv")
    back = store.read(ALL["slowdown"], tmp_path / "a.csv")
    assert len(back) == 0
    assert {str(dtype) for dtype in back.dtypes} == {"int64", "float64", "str", "bool"}


def test_csv_says_nan_and_inf_in_words(tmp_path):
    store.write(example("curves"), ALL["curves"], tmp_path / "a.csv")
    text = (tmp_path / "a.csv").read_bytes().decode()
    assert ",inf," in text
    assert ",nan," in text
    assert ",0.30000000000000004," in text
    assert "\r" not in text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.drop(columns="step"), r"missing columns \['step'\]"),
        (lambda f: f.assign(extra=1), r"unknown columns \['extra'\]"),
        (lambda f: f.assign(step=[0.5, 1, 2, np.nan]), "column step does not fit int64"),
        (lambda f: pd.concat([f, f]), "two rows share the key run, step"),
    ],
)
def test_a_frame_that_does_not_fit_is_refused(change, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        store.write(change(example("curves")), ALL["curves"], tmp_path / "a.parquet")
    assert list(tmp_path.iterdir()) == []


def test_other_suffixes_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"allowed are \.csv and \.parquet"):
        store.write(example("curves"), ALL["curves"], tmp_path / "a.json")
    with pytest.raises(ValueError, match=r"allowed are \.csv and \.parquet"):
        store.read(ALL["curves"], tmp_path / "a.json")
    assert list(tmp_path.iterdir()) == []


def test_the_page_of_the_docs_is_the_schema():
    page = (ROOT / "docs" / "tables.md").read_text(encoding="utf-8")
    assert page == data_dictionary(), "run: python -m study.dictionary > docs/tables.md"
    assert all(f"`{c}`" in page for table in ALL.values() for c in table.dtypes)


def test_every_published_table_has_a_caption():
    captions = {path.stem for path in (ROOT / "workflow" / "report").glob("table_*.rst")}
    shown = {f"table_{name}" for name, table in ALL.items() if ".csv" in table.suffixes}
    assert captions == shown  # Snakemake's report cannot show parquet
