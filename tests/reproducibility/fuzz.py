"""Feed anything to the config loader and the reader of data files: they may only fail with `UserError`.

    python tests/reproducibility/fuzz.py                   100,000 inputs, half of them for each
    python tests/reproducibility/fuzz.py --inputs 2000 --seed 1

Warnings count as errors. Prints how many inputs were accepted and how many refused. The same seed gives the
same inputs, so that a failure can be seen again.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from study.config import model as config
from study.data import files
from study.data import kinds as datasets
from study.data.starts import INITIALISATIONS
from study.errors import UserError
from study.schema import Section, section

from kernels import LOSSES

DEFAULT = yaml.safe_load((Path(__file__).parents[2] / "config" / "default.yaml").read_text(encoding="utf-8"))
SETTINGS: dict[str, Any] = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}


def _names(model: type[Section]) -> list[str]:
    """Keys of a section and of those in it."""
    inner = (section(field.annotation) for field in model.model_fields.values())
    return [
        *model.model_fields,
        *(name for part in inner if part and part is not model for name in _names(part)),
    ]


KEYS = sorted(
    {*_names(config.Config), *(name for kind in datasets.KINDS.values() for name in kind.model_fields)}
)
WORDS = [*datasets.KINDS, *INITIALISATIONS, *LOSSES, *config.TARGETS, *KEYS]

scalars = st.one_of(
    st.sampled_from(WORDS),
    st.integers(-5, 50),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.none(),
    st.text(max_size=12),
    st.dates(),
    st.binary(max_size=4),
)
keys = st.one_of(st.sampled_from(KEYS), st.sampled_from(KEYS), st.text(max_size=6), st.integers(), st.none())
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=4)),
    max_leaves=8,
)


def _maybe(good: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Mostly what is allowed, sometimes anything."""
    return st.one_of(*[good] * 20, values)


def _some(**options: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A mapping with some of the keys."""
    return st.fixed_dictionaries({}, optional={name: _maybe(option) for name, option in options.items()})


positive = st.floats(0.1, 9) | st.integers(1, 9)
grids = st.lists(positive, min_size=1, max_size=3, unique=True)
kinds = [kind for kind in datasets.KINDS if kind != "file"]
entries = st.one_of(
    _some(n=st.integers(4, 99), d=st.integers(1, 9), separability=grids, imbalance=st.floats(0.1, 0.9)).map(
        lambda options: {"name": "gaussian"} | options
    ),
    st.builds(
        lambda kind, share: {"name": kind, "fraction": share}, st.sampled_from(kinds), st.floats(0.1, 1)
    ),
    st.builds(
        lambda file, label: {"name": "mine", "file": file, "label": label},
        st.text(max_size=8),
        _maybe(st.text(max_size=8)),
    ),
)
starts = st.one_of(
    st.just({"name": "zero"}),
    st.builds(
        lambda name, scales: {"name": name, "scales": scales},
        st.sampled_from(["normal", "wrong"]),
        _maybe(grids),
    ),
    st.builds(
        lambda name, scales, limits: {"name": name, "scales": scales} | limits,
        st.sampled_from(["sure_wrong", "sure_right"]),
        _maybe(st.lists(st.floats(0.51, 0.99), min_size=1, max_size=3, unique=True)),
        _some(datasets=st.lists(st.sampled_from(["gaussian", "mine", "wine_0_1"]), unique=True)),
    ),
)
sound = _some(
    seed=st.integers(0, 2**31 - 1),
    seeds=st.integers(1, 9) | st.lists(st.integers(0, 99), min_size=1, unique=True),
    hold=st.integers(1, 99),
    datasets=st.lists(_maybe(entries), min_size=1, max_size=3),
    initialisations=st.lists(_maybe(starts), min_size=1, max_size=3),
    learning_rates=grids,
    losses=st.permutations(["mse", "bce"]),
    targets=st.lists(st.sampled_from(config.TARGETS), min_size=1, unique=True),
    max_steps=st.integers(1, 99),
    shards=st.integers(1, 9),
    curves=_some(seeds=st.integers(0, 9), points=st.integers(2, 99)),
    statistics=_some(
        confidence=st.floats(0.5, 0.99), resamples=st.integers(100, 999), folds=st.integers(2, 9)
    ),
)
configs = st.one_of(sound, sound, sound, st.dictionaries(keys, values, max_size=5))


def refused(action: Callable[..., Any], *arguments: Any) -> tuple[Any, str]:
    """What an action returns, and the message of its `UserError`, if it raises one."""
    try:
        return action(*arguments), ""
    except UserError as error:
        return None, str(error) or "no message"


def try_config(given_config: Any, count: Counter[str]) -> None:
    """Load a config on top of the default one, as Snakemake does; what is accepted survives YAML."""
    checked, message = refused(config.load, DEFAULT | config.typed(given_config))
    assert "no message" not in message
    count["config refused" if message else "config accepted"] += 1
    if not message:
        assert config.load(checked.model_dump(mode="json")) == checked


cells = st.one_of(
    st.integers(-3, 3).map(str),
    st.floats().map(str),
    st.sampled_from(["0", "1", "0", "1", "", "nan", "inf", "True"]),
    st.text(max_size=5),
)
lines = st.lists(st.lists(cells, min_size=2, max_size=3).map(",".join), max_size=12).map("\n".join)
plain = st.lists(st.floats(-1e300, 1e300), min_size=4, max_size=12, unique=True).map(
    lambda numbers: "x,label\n" + "\n".join(f"{number},{i % 2}" for i, number in enumerate(numbers))
)
messy = st.builds(
    "{}\n{}".format,
    st.sampled_from(["x,label", "x;label;;", '"x",label,', "sep=;\nx;label", "label|x", 'x,"label']),
    st.text("01.5,,;;||\t \"'%#-\n\n\r", max_size=60),
)
csv = st.one_of(
    messy.map(str.encode),
    st.binary(max_size=200),
    st.builds("{}\n{}".format, st.sampled_from(["x,label", "label,x", "x,label,label"]), lines).map(
        str.encode
    ),
    plain.map(str.encode),
    st.builds(lambda text, cut: text.encode("utf-16")[cut:], lines, st.integers(0, 3)),
)
TYPES = [
    pa.int8(), pa.int64(), pa.uint64(), pa.float32(), pa.float64(), pa.bool_(), pa.string(), pa.date32(),
    pa.timestamp("ns"), pa.list_(pa.int64()), pa.struct({"a": pa.int64()}),
    pa.dictionary(pa.int8(), pa.int64()), pa.decimal128(38, 2), pa.null(),
]  # fmt: skip


@st.composite
def parquet(draw: st.DrawFn) -> bytes:
    """Bytes of a parquet file with columns of any type, sometimes with some bytes changed."""
    rows = draw(st.integers(0, 8))
    columns = {
        name: _column(draw, rows) for name in draw(st.sets(st.sampled_from(["x", "z", "label"]), min_size=1))
    }
    if draw(st.booleans()):
        rows = draw(st.integers(4, 12))
        numbers = draw(st.lists(st.floats(-1e3, 1e3), min_size=rows, max_size=rows))
        columns = {"x": pa.array(numbers, draw(st.sampled_from([pa.float64(), pa.float32()])))}
        columns["label"] = pa.array([i % 2 for i in range(rows)]).cast(draw(st.sampled_from(TYPES[:6])))
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    content = bytearray(file.getvalue())
    for place in draw(st.lists(st.integers(0, len(content) - 1), max_size=3) | st.just([])):
        content[place] = draw(st.integers(0, 255))
    return bytes(content)


def _column(draw: st.DrawFn, rows: int) -> pa.Array:
    kind = draw(st.sampled_from(TYPES))
    numbers = [draw(st.none() | st.integers(0, 3)) for _ in range(rows)]
    if pa.types.is_list(kind) or pa.types.is_struct(kind):
        return pa.array(
            [None if n is None else ([n] if pa.types.is_list(kind) else {"a": n}) for n in numbers], kind
        )
    if pa.types.is_dictionary(kind):
        return pa.array(numbers, pa.int64()).dictionary_encode()
    if pa.types.is_string(kind):
        return pa.array([None if n is None else str(n) for n in numbers])
    if pa.types.is_null(kind):
        return pa.nulls(rows)
    return pa.array(numbers, pa.int64()).cast(pa.int32() if pa.types.is_date(kind) else pa.int64()).cast(kind)


def try_file(content: bytes, path: Path, count: Counter[str]) -> None:
    """Read a data file; what is accepted must be numbers and labels."""
    path.write_bytes(content)
    files.read_file.cache_clear()
    options = datasets.File(name="mine", kind="file", file=str(path), missing=count.total() % 2 * "drop")
    found, message = refused(files.read_file, options, "mine")
    count[f"{path.suffix} {'refused' if message else 'accepted'}"] += 1
    if message:
        assert str(path) in message
        assert all(line.startswith(str(path)) for line in message.splitlines())
        return
    features, labels, *_ = found
    assert np.isfinite(features).all()
    assert features.shape[1] > 0
    assert set(labels.tolist()) == {0, 1}


def main() -> None:
    """Fuzz, and print the counts."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--inputs", type=int, default=100_000, help="how many in all")
    parser.add_argument("--seed", type=int, default=0, help="another one gives other inputs")
    given_words = parser.parse_args()
    inputs = given_words.inputs
    count = Counter[str]()
    warnings.simplefilter("error")
    with tempfile.TemporaryDirectory() as folder:
        for share, strategy, attempt in (
            (2, configs, lambda case: try_config(case, count)),
            (4, csv, lambda case: try_file(case, Path(folder) / "mine.csv", count)),
            (4, parquet(), lambda case: try_file(case, Path(folder) / "mine.parquet", count)),
        ):
            seed(given_words.seed)(
                settings(max_examples=inputs // share, **SETTINGS)(given(strategy)(attempt))
            )()
    for name, number in sorted(count.items()):
        print(f"{name}: {number:,}")
    print(f"inputs: {sum(count.values()):,}")


if __name__ == "__main__":
    sys.exit(main())
