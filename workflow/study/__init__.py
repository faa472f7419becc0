"""The study: the code of the workflow's rules, from config to report."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Final

_MEND: Final = "pip install --no-deps --no-build-isolation -e ."


def _check_places() -> None:
    """Raise `ImportError` unless this package and `kernels` come from the same place, and from it alone."""
    here = Path(__file__).resolve().parents[1]
    for name in ("kernels", "study"):
        if any(here.glob(f"{name}-*.dist-info")):
            raise ImportError(
                f"{name}: the distribution of that name from the package index is installed in {here} and "
                f"has mixed its files with ours; pip uninstall {name}, "
                f"then in the folder of this study: {_MEND}"
            )
    spec = find_spec("kernels")
    found = Path(spec.origin).resolve().parent if spec and spec.origin else None
    if found not in {here / "kernels", here.parent / "kernels"}:
        raise ImportError(
            f"kernels: imported from {found}, but study from {here / 'study'}: two versions of the code "
            f"would be mixed; use an environment of this folder's own (python3 -m venv), and in it: {_MEND}"
        )


_check_places()
