"""Files of weights: what is read, and that nothing in them runs."""

from __future__ import annotations

import os
import pickle
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch

from levelfield.errors import ModelError
from levelfield.training.detection.weights import read_weights


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch /tmp/should-not-be",)


def test_arrays_of_a_caffe_file(tmp_path: Path) -> None:
    path = tmp_path / "R-50.pkl"
    blobs = {"conv1_w": np.ones((2, 3), np.float32), "cfg": "text", "count": np.arange(3)}
    path.write_bytes(pickle.dumps({"blobs": blobs}, protocol=2))
    found = read_weights(path)
    assert list(found) == ["conv1_w"]
    assert found["conv1_w"].tolist() == [[1, 1, 1], [1, 1, 1]]


@pytest.mark.parametrize("name", ["R-50.pkl", "resnet.pth"])
def test_code_in_a_file_is_not_run(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(pickle.dumps({"a": Evil()}))
    with pytest.raises(ModelError, match="cannot be read as weights"):
        read_weights(path)
    assert not Path("/tmp/should-not-be").exists()


def test_weights_of_a_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pth"
    torch.save({"model": OrderedDict(a=torch.tensor([1.0])), "iteration": 5}, path)
    assert list(read_weights(path)) == ["a"]


@pytest.mark.parametrize("content", [b"", b"garbage", pickle.dumps([1, 2])])
@pytest.mark.parametrize("name", ["R-50.pkl", "resnet.pth"])
def test_other_files_are_refused(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ModelError):
        read_weights(path)


def test_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is not there"):
        read_weights(tmp_path / "none.pth")
