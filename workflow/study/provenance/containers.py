"""Contents of files whose bytes also depend on the library that packs them: parquet, .npz and PNG.

CSV, SVG, HTML, Markdown and JSON are text, and their bytes are their content. A parquet file names the
version of its writer and is compressed, a PNG is compressed by whatever zlib Pillow was built with.
"""

from __future__ import annotations

import hashlib
import platform
from importlib import metadata
from pathlib import Path

import pandas as pd
from PIL import Image, features

from study.catalogue import TABLES
from study.data import arrays
from study.tables import store

__all__ = ["columns", "content_digest", "writer"]


def content_digest(path: Path) -> str | None:
    """Return the SHA-256 of the rows, arrays or pixels in a file; None where its bytes are its content."""
    if path.suffix == ".parquet":
        return hashlib.sha256(repr(columns(path)).encode()).hexdigest()
    if path.suffix == ".npz":
        return arrays.content_digest(path)
    if path.suffix == ".png":
        with Image.open(path) as image:
            described = f"{image.mode} {image.size} {sorted(image.info.items())}\n".encode()
            return hashlib.sha256(described + image.tobytes()).hexdigest()
    return None


def columns(path: Path) -> dict[str, str]:
    """Return the SHA-256 of the values of each column of a parquet table."""
    frame = store.read(TABLES[path.stem], path)
    hashes = {name: pd.util.hash_pandas_object(frame[name], index=False).to_numpy() for name in frame}
    return {str(name): hashlib.sha256(values.tobytes()).hexdigest() for name, values in hashes.items()}


def writer(path: Path) -> str | None:
    """Return what packs a file of this kind here, with its version; None where its bytes are its content."""
    if path.suffix == ".parquet":
        return f"pyarrow {metadata.version('pyarrow')}"
    if path.suffix == ".npz":
        return f"Python {platform.python_version()}"
    if path.suffix == ".png":
        zlib = features.version("zlib_ng") or features.version("zlib")
        return f"Pillow {metadata.version('pillow')} with zlib {zlib}"
    return None
