"""Bytes that depend on a library's version: fixed where possible; elsewhere the content is compared."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from PIL import Image
from study.catalogue import TABLES
from study.config import model as config
from study.data import arrays
from study.provenance import containers, manifest
from study.tables import store

CHOSEN = config.load({"max_steps": 7})
ARRAYS, PICTURE, TABLE = "results/data/arrays.npz", "results/figures/a.png", "results/tables/ends.parquet"
DRAWN = {
    "0/features": np.arange(6.0).reshape(3, 2),
    "0/labels": np.array([0, 1, 1]),
    "1/empty": np.zeros((0, 2)),
}


def test_the_archive_of_arrays_leaves_nothing_to_the_version_of_python(tmp_path: Path) -> None:
    path = tmp_path / "arrays.npz"
    arrays.write(DRAWN | {"2/turned": np.asfortranarray(np.eye(3)[:, :2])}, path)
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            # A stored member below 2 GiB has version 20; numpy.savez gives 20 or 45, depending on Python.
            assert (member.create_version, member.extract_version) == (20, 20)
            assert (member.date_time, member.create_system) == ((1980, 1, 1, 0, 0, 0), 3)
            assert (member.external_attr, member.compress_type) == (0o600 << 16, zipfile.ZIP_STORED)
            assert (member.extra, member.comment, member.flag_bits) == (b"", b"", 0)
    with np.load(path, allow_pickle=False) as found:
        assert found.files == [*DRAWN, "2/turned"]
        for name, array in DRAWN.items():
            np.testing.assert_array_equal(found[name], array)
            assert found[name].dtype == array.dtype


def test_arrays_are_the_same_in_any_archive(tmp_path: Path) -> None:
    arrays.write(DRAWN, tmp_path / "own.npz")
    np.savez_compressed(tmp_path / "other.npz", **DRAWN)
    assert (tmp_path / "own.npz").read_bytes() != (tmp_path / "other.npz").read_bytes()
    same = arrays.content_digest(tmp_path / "own.npz")
    assert arrays.content_digest(tmp_path / "other.npz") == same
    features = DRAWN["0/features"]
    for changed in (features.astype(np.float32), features.T, features + np.spacing(1.0), features.reshape(6)):
        arrays.write(DRAWN | {"0/features": changed}, tmp_path / "changed.npz")
        assert arrays.content_digest(tmp_path / "changed.npz") != same
    arrays.write(dict(reversed(DRAWN.items())), tmp_path / "turned.npz")
    assert arrays.content_digest(tmp_path / "turned.npz") != same


@pytest.fixture
def reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Results in the current folder, and the reference recorded from them."""
    monkeypatch.chdir(tmp_path)
    arrays.write(DRAWN, ARRAYS)
    row = {name: 7 if dtype == "int64" else name for name, dtype in TABLES["ends"].dtypes.items()}
    store.write(pd.DataFrame([row]), TABLES["ends"], TABLE)
    Path(PICTURE).parent.mkdir()
    Image.effect_noise((20, 10), 9).save(PICTURE)
    Path("results/summary.json").write_text("{}")
    manifest.record([ARRAYS, PICTURE, TABLE], CHOSEN, tmp_path / "reference")
    return tmp_path / "reference"


def pack_otherwise() -> None:
    """Write the same content in other bytes, as other versions of the libraries would."""
    np.savez_compressed(ARRAYS, **DRAWN)
    pq.write_table(pq.read_table(TABLE), TABLE, compression="gzip")
    with Image.open(PICTURE) as image:
        image.load()
    image.save(PICTURE, compress_level=1)


def test_the_same_content_from_another_writer_is_accepted_and_said(
    reference: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = [ARRAYS, PICTURE, TABLE]
    pack_otherwise()
    monkeypatch.setattr(containers, "writer", lambda path: f"another for {path.suffix}")
    assert manifest.compare(known, CHOSEN, reference) == []
    notes = manifest.repacked(known, reference)
    assert [line.partition(":")[0] for line in notes] == known
    assert "the same content in other bytes; written by another for .npz here, by Python 3" in notes[0]


def test_other_bytes_from_the_same_writer_are_a_difference(reference: Path) -> None:
    pack_otherwise()
    assert manifest.compare([ARRAYS, PICTURE, TABLE], CHOSEN, reference) == [
        f"{ARRAYS}: same values, other bytes",
        f"{PICTURE}: same values, other bytes",
        f"{TABLE}: same values, other bytes",
    ]
    assert manifest.repacked([ARRAYS, PICTURE, TABLE], reference) == []


def test_other_content_is_a_difference_whoever_wrote_it(
    reference: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrays.write(DRAWN | {"0/labels": np.array([0, 1, 0])}, ARRAYS)
    with Image.open(PICTURE) as image:
        changed = image.point(lambda value: value ^ 1)
    changed.save(PICTURE)
    monkeypatch.setattr(containers, "writer", lambda path: f"another for {path.suffix}")
    assert manifest.compare([ARRAYS, PICTURE, TABLE], CHOSEN, reference)[:2] == [
        f"{ARRAYS}: differs",
        f"{PICTURE}: differs",
    ]
