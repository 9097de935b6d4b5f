"""The minis of both suites are one thing: network, data and step are defined once, in ``workloads/``.

What differs is literal here, with its reason. docs/design/0005-workloads.md has the whole list.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from levelfield.backends import Backend  # noqa: E402
from levelfield.backends.port import BackendOptions  # noqa: E402
from levelfield.training.benchmarks.dlrm.data import TRAIN_SEED, ClickData, layout_of  # noqa: E402
from levelfield.training.benchmarks.dlrm.settings import settings_of as dlrm_settings  # noqa: E402
from levelfield.training.benchmarks.resnet.data import DigitPictures  # noqa: E402
from levelfield.training.benchmarks.rnnt.data import mini_speech  # noqa: E402
from levelfield.training.benchmarks.rnnt.settings import settings_of as rnnt_settings  # noqa: E402
from levelfield.training.benchmarks.ssd.data import ScenePictures  # noqa: E402
from levelfield.training.benchmarks.ssd.settings import MINI_DESIGN  # noqa: E402
from levelfield.training.benchmarks.ssd.settings import settings_of as ssd_settings  # noqa: E402
from levelfield.training.benchmarks.unet3d.data import mini_volumes  # noqa: E402
from levelfield.training.catalog import benchmark_named  # noqa: E402
from levelfield.training.port import Edition, Setup  # noqa: E402
from levelfield.workloads import (  # noqa: E402  # noqa: E402
    image_classification,
    medical_segmentation,
    object_detection,
    question_answering,
    recommendation,
    speech_recognition,
)
from levelfield.workloads.image_classification.task import mini_task as digits_task  # noqa: E402
from levelfield.workloads.medical_segmentation.dataset import Phantoms  # noqa: E402
from levelfield.workloads.object_detection.model import MINI_RESNET34  # noqa: E402
from levelfield.workloads.object_detection.network import anchors  # noqa: E402
from levelfield.workloads.object_detection.task import mini_task as scenes_task  # noqa: E402
from levelfield.workloads.question_answering.network import Encoder  # noqa: E402
from levelfield.workloads.recommendation.generator import INFERENCE, TRAINING, ClickProcess  # noqa: E402
from levelfield.workloads.speech_recognition.dataset import Tones  # noqa: E402
from levelfield.workloads.speech_recognition.preprocess import features  # noqa: E402

TOOLS = Path(__file__).parents[3] / "tools"


@dataclass(frozen=True, kw_only=True)
class Family:
    """A benchmark that both suites have."""

    tool: str
    """That makes the shipped model."""
    shipped: Callable[[ModuleType], torch.nn.Module]
    """The network that the tool trains."""
    network: str
    """Where its class is defined, and its name."""
    manifest: Path
    since_then: int = 0
    """Parameters that the class has gained since the shipped file was made, none of which adds a function."""
    other_network: str | None = None
    """Why the training suite's mini has another one."""
    other_data: str | None = None
    """Why it learns from other data."""


def data_of(workload: ModuleType, *parts: str) -> Path:
    (home,) = workload.__path__
    return Path(home, "data", *parts, "manifest.json")


FAMILIES: Mapping[str, Family] = {
    "resnet": Family(
        tool="mini_resnet50",
        shipped=lambda tool: tool.ResNet8(),
        network="levelfield.workloads.image_classification.network.ResNet8",
        manifest=data_of(image_classification),
        other_network="a step of ResNet-8 costs 3.6 times the CPU time, and a run nearly three times",
    ),
    "ssd": Family(
        tool="mini_ssd",
        shipped=lambda tool: tool.network(tool.TRAININGS["ssd-resnet34"].design),
        network="levelfield.workloads.object_detection.network.network.<locals>.Ssd",
        manifest=data_of(object_detection, "ssd-resnet34"),
    ),
    "unet3d": Family(
        tool="mini_3d_unet",
        shipped=lambda tool: tool.UNet3D(tool.MINI_FILTERS),
        network="levelfield.workloads.medical_segmentation.network.UNet3D",
        manifest=data_of(medical_segmentation),
    ),
    "rnnt": Family(
        tool="mini_rnnt",
        shipped=lambda tool: tool.Transducer(tool.MINI),
        network="levelfield.workloads.speech_recognition.network.Transducer",
        manifest=data_of(speech_recognition),
        since_then=64,  # a second bias of the joint network's hidden layer, as the training reference has it
    ),
    "bert": Family(
        tool="mini_bert",
        shipped=lambda tool: tool.Trainee(tool.mini_shape(287, tool.MINI.sequence)),
        network="levelfield.workloads.question_answering.network.Trainee",
        manifest=data_of(question_answering),
        other_network="training is pretraining, inference finds answers: other heads on the same encoder",
        other_data="likewise: hidden words of pairs of segments, not questions on a passage",
    ),
    "dlrm": Family(
        tool="mini_dlrm",
        shipped=lambda tool: tool.network.Dlrm(tool.network.MINI),
        network="levelfield.workloads.recommendation.network.Dlrm",
        manifest=data_of(recommendation),
        other_data="one rate of SGD, which the rules ask for, does not learn the products of the shipped model's rule",
    ),
}
ALL = pytest.mark.parametrize("name", FAMILIES)


@pytest.fixture
def tool_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    def loaded(name: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(name, TOOLS / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, module)  # dataclasses look for their module there
        spec.loader.exec_module(module)
        return module

    return loaded


def trained_by_the_suite(name: str) -> torch.nn.Module:
    return benchmark_named(name).build(Setup(edition=Edition.MINI, seed=0)).model


def class_of(model: object) -> str:
    return f"{type(model).__module__}.{type(model).__qualname__}"


def shapes(model: torch.nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(one.shape) for name, one in model.named_parameters()}


def count(model: torch.nn.Module) -> int:
    return sum(one.numel() for one in model.parameters())


# ------------------------------------------------------------------------------------------------------- networks


@ALL
def test_shipped_model_is_of_the_workloads_class(name: str, tool_of: Callable[[str], ModuleType]) -> None:
    family = FAMILIES[name]
    shipped = family.shipped(tool_of(family.tool))
    assert class_of(shipped) == family.network
    model = shipped.model if name == "bert" else shipped  # what helps in training is not exported
    assert count(model) - family.since_then == json.loads(family.manifest.read_text())["parameters"]


@ALL
def test_both_suites_build_the_same_network(name: str, tool_of: Callable[[str], ModuleType]) -> None:
    """Or another one, for a reason; a reason that holds no more has to go."""
    family = FAMILIES[name]
    shipped, trained = family.shipped(tool_of(family.tool)), trained_by_the_suite(name)
    same = class_of(trained) == family.network and shapes(trained) == shapes(shipped)
    assert same is (family.other_network is None), family.other_network


def test_other_networks_are_these_two() -> None:
    assert count(trained_by_the_suite("resnet")) == 57_658
    bert = trained_by_the_suite("bert")
    assert type(bert.encoder) is Encoder
    assert count(bert) == 117_675


# ----------------------------------------------------------------------------------------------------------- data


def setup_of(**changed: object) -> Setup:
    return Setup(edition=Edition.MINI, seed=0, changed={name: str(value) for name, value in changed.items()})


def options() -> dict[str, Any]:
    return {"backend": Backend.ONNXRUNTIME, "options": BackendOptions(threads=1)}


def test_digits_are_the_same() -> None:
    task = digits_task(**options())
    trained = DigitPictures(0, shuffled=False, require_running=lambda: None)
    some = np.array([0, 640, 1280])
    task.dataset.load(some)
    (pictures,) = task.inputs(some).values()
    assert np.array_equal(trained.evaluation(some)[0].numpy(), pictures)
    assert task.dataset.total_sample_count == trained.evaluation(np.arange(1281))[0].shape[0]


def test_scenes_are_the_same() -> None:
    settings = ssd_settings(setup_of(train_samples=1, eval_samples=3))
    task = scenes_task(MINI_RESNET34, **options())
    trained = ScenePictures(settings, anchors(MINI_DESIGN), shuffled=None)
    trained.open()
    some = np.arange(3)
    task.dataset.load(some)
    (pictures,) = task.inputs(some).values()
    assert np.array_equal(np.stack([trained.test_sample(row) for row in some]), pictures)


def test_phantoms_are_the_same(tool_of: Callable[[str], ModuleType]) -> None:
    train, test = mini_volumes(3, 3)
    tool = tool_of("mini_3d_unet")
    shipped = Phantoms(seed=tool.TRAIN_SEED, count=3), Phantoms(count=3)
    for ours, theirs in zip((train, test), shipped, strict=True):
        for case in range(3):
            assert np.array_equal(ours.image(case), theirs.image(case))
            assert np.array_equal(ours.labels(case), theirs.labels(case))


def test_utterances_are_the_same(tool_of: Callable[[str], ModuleType]) -> None:
    speech = mini_speech(rnnt_settings(setup_of(train_samples=16, eval_samples=3)))
    tones = Tones(data_of(speech_recognition).with_name("test_crc32.npy"))
    for index, waveform in enumerate(tones.read(np.arange(3))):
        assert np.array_equal(speech.evaluation.heard(index, np.random.default_rng()), features(waveform))
    assert list(speech.evaluation.transcripts) == tones.transcripts[:3]
    tool = tool_of("mini_rnnt")
    assert tool.spoken(tool.Part.TRAIN, 16).texts == speech.train.transcripts


def test_clicks_are_of_one_generator_by_two_rules(tool_of: Callable[[str], ModuleType]) -> None:
    setup = setup_of(train_samples=1280, eval_samples=512)
    settings = dlrm_settings(setup)
    data = ClickData(setup, settings, (1000,) * 8)
    data.open()
    tool = tool_of("mini_dlrm")
    assert tool.ClickProcess is ClickProcess
    assert layout_of(Edition.MINI, settings) == tool.preprocess.MINI
    for rule, same in ((TRAINING, True), (INFERENCE, False)):
        counts, rows = tool.preprocess.model_inputs(
            ClickProcess(rule).draw(1280, seed=TRAIN_SEED).records, tool.preprocess.MINI
        )
        (share,) = (data._clicks(data._train, 0, 1280, None),)
        assert np.array_equal(share.counts.numpy(), counts)  # counts are alike in both rules
        assert np.array_equal(share.categories.numpy(), rows) is same
    assert FAMILIES["dlrm"].other_data


# ---------------------------------------------------------------------------------------------------------- tools


@pytest.mark.parametrize("tool", sorted({family.tool for family in FAMILIES.values()}))
def test_tools_define_no_network_and_no_step(tool: str) -> None:
    """They say how often, on how much and at which rates; the rest is in ``workloads/``."""
    for node in ast.walk(ast.parse((TOOLS / f"{tool}.py").read_text())):
        if isinstance(node, ast.ClassDef):
            assert not node.bases, f"{tool}.py:{node.lineno}: class {node.name}"
        if isinstance(node, ast.Attribute):
            assert node.attr not in {"backward", "zero_grad", "functional"}, f"{tool}.py:{node.lineno}: {node.attr}"
        if isinstance(node, ast.ImportFrom):
            assert not (node.module or "").startswith("levelfield.training"), f"{tool}.py:{node.lineno}"
