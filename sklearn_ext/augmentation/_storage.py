"""Arrays in one npz file: no pickle, the same bytes every time."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np

__all__ = ["load_arrays", "save_arrays"]


def save_arrays(path, arrays, *, kind, version, **settings):
    """Write arrays and settings; np.load reads the file, too."""
    header = json.dumps({"kind": kind, "version": version} | settings, sort_keys=True)
    arrays = {"header": np.frombuffer(header.encode(), np.uint8)} | arrays
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.asarray(array), allow_pickle=False)
            # A ZipInfo of its own carries no date.
            entry = zipfile.ZipInfo(f"{name}.npy")
            entry.compress_type = zipfile.ZIP_DEFLATED
            file.writestr(entry, member.getvalue(), compresslevel=9)


def load_arrays(path, *, kind, version):
    """Return arrays and settings of a file written by :func:`save_arrays`."""
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {path}.")
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
        settings = json.loads(arrays.pop("header").tobytes())
        found = settings.pop("kind"), settings.pop("version")
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"{path} is no {kind}: {kind} files of format version {version} are "
            f"expected, as `save` writes them."
        ) from error
    if found[0] != kind or found[1] > version:
        raise ValueError(
            f"{path} holds a {found[0]} of format version {found[1]}; this version of "
            f"sklearn-ext reads a {kind} up to format version {version}. Update "
            f"sklearn-ext, or build the file anew."
        )
    return arrays, settings
