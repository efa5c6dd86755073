"""Files are whole or not at all: synced before they take their name, nothing left of what failed."""

import os
from pathlib import Path

import pytest

from ml.files import replacing


def test_a_file_is_synced_before_it_takes_its_name_and_its_folder_after(tmp_path, monkeypatch):
    done = []
    sync, replace = os.fsync, Path.replace

    def synced(handle):
        done.append(Path(f"/proc/self/fd/{handle}").resolve())
        sync(handle)

    def replaced(source, target):
        done.append("renamed")
        return replace(source, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", replaced)
    path = tmp_path / "new" / "a.parquet"
    with replacing(path) as temporary:
        temporary.write_bytes(b"whole")
        assert not path.exists()
    assert done == [temporary.resolve(), "renamed", path.parent.resolve()]
    assert path.read_bytes() == b"whole"
    assert list(path.parent.iterdir()) == [path]


def write_half(path):
    with replacing(path) as temporary:
        temporary.write_bytes(b"ha")
        raise OSError("disk full")


def test_a_writer_that_fails_leaves_the_file_as_it_was(tmp_path):
    path = tmp_path / "a.parquet"
    path.write_bytes(b"old")
    with pytest.raises(OSError, match="disk full"):
        write_half(path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
