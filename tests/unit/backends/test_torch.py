"""The PyTorch backend: which files hold a network, and what is made of its outputs."""

from __future__ import annotations

import pickle
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_networks import FP32, doubling_exported, doubling_traced, exported, shipped_network, traced

from levelfield.backends import Backend, load
from levelfield.backends.port import Arithmetic, BackendOptions
from levelfield.backends.torch import named_outputs
from levelfield.backends.torch_archive import traced_inputs
from levelfield.errors import ModelError

torch = pytest.importorskip("torch")
ONE_THREAD = BackendOptions(threads=1)


@pytest.mark.parametrize("save", [exported, traced])
def test_shipped_network_gives_the_scores_of_onnxruntime(save: Any, tmp_path: Path) -> None:
    path = save(shipped_network(), (1, 32, 32), tmp_path / "resnet8.pt2")
    pictures = np.random.default_rng(1).uniform(-1, 1, (64, 1, 32, 32)).astype(np.float32)
    session = load(Backend.TORCH, path, ONE_THREAD)
    assert str(session.inputs[0]) == "image: (any, 1, 32, 32) float32"
    ours = session.run({"image": pictures})["output"]
    reference = load(Backend.ONNXRUNTIME, FP32, ONE_THREAD).run({"image": pictures})["logits"]
    assert np.abs(ours - reference).max() < 1e-4
    short = load(Backend.TORCH, path, BackendOptions(threads=1, arithmetic=Arithmetic.BF16))
    found = short.run({"image": pictures})["output"]
    assert found.dtype == np.float32
    assert 1e-3 < np.abs(found - reference).max() < 2
    assert short.describe()["arithmetic"] == "bf16"


def test_program_kind_is_recorded(tmp_path: Path) -> None:
    kinds = [
        load(Backend.TORCH, make(tmp_path), ONE_THREAD).describe() for make in (doubling_exported, doubling_traced)
    ]
    assert [facts["program"] for facts in kinds] == ["torch.export", "TorchScript, traced"]


def test_threads_are_set_again_when_another_session_changed_them(tmp_path: Path) -> None:
    before = torch.get_num_threads()
    try:
        one = load(Backend.TORCH, doubling_exported(tmp_path), BackendOptions(threads=1))
        two = load(Backend.TORCH, doubling_exported(tmp_path), BackendOptions(threads=2))
        feed = {"x": np.zeros((1, 3), np.float32)}
        found = []
        for session in (one, two, one):
            session.run(feed)
            found.append(torch.get_num_threads())
        assert found == [1, 2, 1]
    finally:
        torch.set_num_threads(before)


def test_an_array_that_may_not_be_written_is_run(tmp_path: Path) -> None:
    array = np.ones((2, 3), np.float32)
    array.flags.writeable = False
    assert load(Backend.TORCH, doubling_exported(tmp_path), ONE_THREAD).run({"x": array})["output"].sum() == 12


def test_outputs_are_named_by_key_or_place() -> None:
    assert named_outputs(1) == {"output": 1}
    assert named_outputs((1, None, [2, 3])) == {"output_0": 1, "output_2_0": 2, "output_2_1": 3}
    assert named_outputs({"scores": 1, "boxes": (2, 3)}) == {"scores": 1, "boxes_0": 2, "boxes_1": 3}


class Dicts(torch.nn.Module):
    """Two inputs, a dict of outputs."""

    def forward(self, ids: Any, mask: Any) -> Any:
        return {"start": (ids * mask).float(), "end": ids}


def test_several_inputs_and_named_outputs(tmp_path: Path) -> None:
    example = (torch.zeros(2, 4, dtype=torch.int64), torch.zeros(2, 4, dtype=torch.int64))
    batch = torch.export.Dim("batch", min=1, max=64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.export.export(Dicts(), example, dynamic_shapes=({0: batch}, {0: batch}))
        torch.export.save(program, tmp_path / "dicts.pt2")
    session = load(Backend.TORCH, tmp_path / "dicts.pt2", ONE_THREAD)
    assert [str(tensor) for tensor in session.inputs] == ["ids: (any, 4) int64", "mask: (any, 4) int64"]
    assert [str(tensor) for tensor in session.outputs] == ["start: (any, 4) float32", "end: (any, 4) int64"]
    ids = np.arange(4).reshape(1, 4)
    outputs = session.run({"mask": np.array([[1, 0, 1, 0]]), "ids": ids})
    assert {name: array.tolist() for name, array in outputs.items()} == {"start": [[0, 0, 2, 0]], "end": [[0, 1, 2, 3]]}


class Marker:
    """Leaves a file behind where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.path,))


@pytest.mark.parametrize("what", ["state dict", "module", "code"])
def test_what_torch_save_writes_is_refused_unopened(what: str, tmp_path: Path) -> None:
    network = torch.nn.Linear(3, 2)
    content = {"state dict": network.state_dict(), "module": network, "code": Marker(tmp_path / "ran")}[what]
    torch.save(content, tmp_path / "model.pt")
    with pytest.raises(ModelError, match=r"model\.pt cannot be loaded by torch .* torch\.save writes") as caught:
        load(Backend.TORCH, tmp_path / "model.pt", ONE_THREAD)
    assert "torch.export.save(" in str(caught.value.hint)
    assert not (tmp_path / "ran").exists()


def test_scripted_model_is_refused_since_it_does_not_say_its_shapes(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.script(torch.nn.Linear(3, 2)).save(tmp_path / "scripted.pt")
    with pytest.raises(ModelError, match="scripted, not traced") as caught:
        load(Backend.TORCH, tmp_path / "scripted.pt", ONE_THREAD)
    assert caught.value.problems == ("inputs found: input",)


def test_other_archives_and_files_are_told_apart(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "pictures.pt", "w") as archive:
        archive.writestr("pictures/cat.jpg", b"")
    with pytest.raises(ModelError, match="it holds no network"):
        load(Backend.TORCH, tmp_path / "pictures.pt", ONE_THREAD)
    with zipfile.ZipFile(tmp_path / "compiled.pt2", "w") as archive:
        archive.writestr("compiled/archive_format", b"pt2")
        archive.writestr("compiled/data/aotinductor/model/x.so", b"")
    with pytest.raises(ModelError, match="compiled package"):
        load(Backend.TORCH, tmp_path / "compiled.pt2", ONE_THREAD)
    with zipfile.ZipFile(tmp_path / "old.pt2", "w") as archive:
        archive.writestr("serialized_exported_program.json", b"{}")
    with pytest.raises(ModelError, match=r"old\.pt2 cannot be loaded by torch \S+: (?!it holds no network)"):
        load(Backend.TORCH, tmp_path / "old.pt2", ONE_THREAD)
    (tmp_path / "picture.pt").write_bytes(b"GIF89a")
    with pytest.raises(ModelError, match="not an archive of PyTorch"):
        load(Backend.TORCH, tmp_path / "picture.pt", ONE_THREAD)


def test_example_inputs_that_name_other_code_are_not_run(tmp_path: Path) -> None:
    path = doubling_traced(tmp_path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["doubling/traced_inputs.pkl"] = pickle.dumps({"forward": [Marker(tmp_path / "ran")]}, protocol=2)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    with pytest.raises(ValueError, match="has no business there"):
        traced_inputs(path)
    assert not (tmp_path / "ran").exists()


def test_damage_inside_the_archive_is_named(tmp_path: Path) -> None:
    path = doubling_exported(tmp_path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(tmp_path / "damaged.pt2", "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, b"{}" if name.endswith("model.json") else content)
    with pytest.raises(ModelError, match=r"damaged\.pt2 cannot be loaded by torch"):
        load(Backend.TORCH, tmp_path / "damaged.pt2", ONE_THREAD)
