"""Files of arrays: the same bytes, and clear errors."""

import numpy as np
import pytest

from sklearn_ext.augmentation._storage import load_arrays, save_arrays

ARRAYS = {"a.b": np.arange(5, dtype=np.uint8), "c": np.eye(2)}


def test_round_trip_and_equal_bytes(tmp_path):
    paths = [tmp_path / "one.npz", tmp_path / "two.npz"]
    for path in paths:
        save_arrays(path, ARRAYS, kind="thing", version=1, depth=3)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    arrays, settings = load_arrays(paths[0], kind="thing", version=1)
    assert settings == {"depth": 3}
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(arrays[name], array)
        assert arrays[name].dtype == array.dtype


def test_no_pickle(tmp_path):
    with pytest.raises(ValueError, match="Object arrays"):
        save_arrays(tmp_path / "x", {"o": np.array([{}])}, kind="thing", version=1)


def test_what_is_no_such_file_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="no file"):
        load_arrays(tmp_path / "absent.npz", kind="thing", version=1)
    text = tmp_path / "text.npz"
    text.write_text("no archive")
    np.savez(tmp_path / "other.npz", a=np.zeros(2))
    for name in ("text.npz", "other.npz"):
        with pytest.raises(ValueError, match=rf"{name} is no thing.*format version 2"):
            load_arrays(tmp_path / name, kind="thing", version=2)


@pytest.mark.parametrize(("kind", "version"), [("other", 1), ("thing", 3)])
def test_kind_and_version_are_checked(tmp_path, kind, version):
    path = tmp_path / "file.npz"
    save_arrays(path, ARRAYS, kind=kind, version=version)
    with pytest.raises(
        ValueError, match=f"a {kind} of format version {version}.*up to"
    ):
        load_arrays(path, kind="thing", version=2)
