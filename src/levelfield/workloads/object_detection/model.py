"""Which models fit: what they must read and return, and the ones that ship with the package."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from levelfield.backends.port import NamedArrays, Session, TensorInfo, listed
from levelfield.errors import InputError, ModelError
from levelfield.formats.onnx_weights import type_name, weight_types
from levelfield.workloads.object_detection.boxes import Boxes, Suppression, detections
from levelfield.workloads.object_detection.generator import LARGE, SMALL, SceneKind
from levelfield.workloads.object_detection.preprocess import Values
from levelfield.workloads.pictures import Layout
from levelfield.workloads.shipped import ShippedFile
from levelfield.workloads.task import ModelFacts, Precision

__all__ = [
    "ANCHOR_BOXES",
    "ANCHOR_SCORES",
    "FULL_MOBILENET",
    "FULL_RESNET34",
    "MINI_MOBILENET",
    "MINI_RESNET34",
    "SUPPRESSION",
    "BoxOrder",
    "DetectionModel",
    "Finished",
    "MiniEdition",
    "MiniManifest",
    "ModelContract",
    "Raw",
    "fitted",
]

DATA = Path(__file__).parent / "data"


class BoxOrder(Enum):
    """Which side comes where in a model's boxes."""

    TOP_LEFT = (0, 1, 2, 3)
    """top, left, bottom, right."""
    LEFT_TOP = (1, 0, 3, 2)
    """left, top, right, bottom."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """Outputs of a model that ends with non-maximum suppression, as the reference models do."""

    boxes: str
    classes: str
    scores: str
    count: str | None
    """Where the number of detections of each picture stands; ``None`` where the score decides."""
    order: BoxOrder
    least_score: float | None
    """Detections count up to the first with less, as the reference's post-processing stops there."""

    @property
    def names(self) -> tuple[str, ...]:
        """In the order that is usual."""
        return tuple(name for name in (self.count, self.boxes, self.classes, self.scores) if name is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """Outputs of a model that leaves the suppression to us: a box and scores of each anchor."""

    boxes: str
    """(batch, anchors, 4): top, left, bottom, right."""
    scores: str
    """(batch, anchors, 1 + classes), the background first."""
    rule: Suppression

    @property
    def names(self) -> tuple[str, ...]:
        """In the order that is usual."""
        return (self.boxes, self.scores)


Outputs = Finished | Raw


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelContract:
    """What a model of a benchmark and edition must look like."""

    size: int
    """Height and width of the input."""
    values: tuple[Values, ...]
    """What the input may be; its type says which."""
    outputs: tuple[Outputs, ...]
    contiguous: bool
    """Whether classes are counted 1, 2, ... in the order of the categories."""

    @property
    def expected(self) -> str:
        """For error messages."""
        s = self.size
        types = " or ".join(values.value for values in self.values)
        outputs = " or ".join(", ".join(outputs.names) for outputs in self.outputs)
        return f"one input (batch, 3, {s}, {s}) or (batch, {s}, {s}, 3), {types}; batch free or 1; outputs {outputs}"


FULL_MOBILENET = ModelContract(
    size=300,
    values=(Values.BYTES, Values.CENTRED),
    outputs=(
        Finished(
            boxes="detection_boxes",
            classes="detection_classes",
            scores="detection_scores",
            count="num_detections",
            order=BoxOrder.TOP_LEFT,
            least_score=None,
        ),
        Finished(
            boxes="bboxes", classes="labels", scores="scores", count=None, order=BoxOrder.LEFT_TOP, least_score=0.3
        ),
    ),
    contiguous=False,
)
"""SSD-MobileNet-v1: profiles ssd-mobilenet-onnxruntime and ssd-mobilenet-pytorch (main.py, tag v2.0)."""
FULL_RESNET34 = ModelContract(
    size=1200,
    values=(Values.NORMALISED,),
    outputs=(
        Finished(
            boxes="bboxes", classes="labels", scores="scores", count=None, order=BoxOrder.LEFT_TOP, least_score=0.5
        ),
        Finished(
            boxes="detection_bboxes",
            classes="detection_classes",
            scores="detection_scores",
            count=None,
            order=BoxOrder.TOP_LEFT,
            least_score=0.05,
        ),
    ),
    contiguous=True,
)
"""SSD-ResNet34: profiles ssd-resnet34-onnxruntime and ssd-resnet34-onnxruntime-tf."""

ANCHOR_BOXES, ANCHOR_SCORES = "anchor_boxes", "anchor_scores"
SUPPRESSION = Suppression(least_score=0.05, most_candidates=100, most_overlap=0.5, most_kept=50)
"""Of the mini models, as in SSD-ResNet34's reference: .05 and .50; a scene has few objects, so fewer boxes do."""


def _mini(scenes: SceneKind, values: Values) -> ModelContract:
    raw = Raw(boxes=ANCHOR_BOXES, scores=ANCHOR_SCORES, rule=SUPPRESSION)
    return ModelContract(size=scenes.size, values=(values,), outputs=(raw,), contiguous=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class MiniEdition:
    """One of the two mini benchmarks."""

    name: str
    scenes: SceneKind
    contract: ModelContract

    @property
    def folder(self) -> Path:
        """Of its shipped files."""
        return DATA / self.name


MINI_MOBILENET = MiniEdition(name="ssd-mobilenet", scenes=SMALL, contract=_mini(SMALL, Values.CENTRED))
MINI_RESNET34 = MiniEdition(name="ssd-resnet34", scenes=LARGE, contract=_mini(LARGE, Values.NORMALISED))


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionModel:
    """A loaded model that fits its contract."""

    session: Session
    path: Path
    input_name: str
    values: Values
    layout: Layout
    outputs: Outputs
    name_of: Mapping[str, str]
    """From the names of :attr:`outputs` to the model's own, which may end in ``:0``."""
    max_batch: int | None
    """1 where the batch is fixed at 1."""

    def found(self, outputs: NamedArrays) -> Iterator[tuple[Boxes, NDArray[np.float32], NDArray[np.int64]]]:
        """Boxes (n, 4: top, left, bottom, right), scores and classes of each picture of a batch."""
        arrays = [outputs[self.name_of[name]] for name in self.outputs.names]
        match self.outputs:
            case Raw(rule=rule):
                for boxes, scores in zip(*arrays, strict=True):
                    kept, best, classes = detections(boxes, scores[:, 1:], rule)
                    yield kept, best, classes + 1
            case Finished(count=None, order=order, least_score=least):
                for boxes, classes, scores in zip(*arrays, strict=True):
                    yield _first(_upright(boxes, order), classes, scores, _above(scores, least))
            case Finished(order=order):
                for count, boxes, classes, scores in zip(*arrays, strict=True):
                    yield _first(_upright(boxes, order), classes, scores, int(count))

    def facts(self, *, transformations: str | None, retraining: str | None) -> ModelFacts:
        """What a submission states of the model: what the file says, and what only its maker knows."""
        types = [type_name(tensor.dtype) for tensor in self.session.inputs if tensor.dtype is not None]
        return ModelFacts(
            file_name=self.path.name,
            input_types=tuple(dict.fromkeys(types)),
            weight_types=_weight_types(self.path),
            weight_transformations=transformations,
            retraining=retraining,
        )

    def describe(self) -> dict[str, str]:
        """What the session says, and how input and output were understood."""
        match self.outputs:
            case Raw(rule=rule):
                what = (
                    f"anchors; suppression here: score above {rule.least_score:g}, overlap below "
                    f"{rule.most_overlap:g}, "
                    f"{rule.most_kept} boxes at most"
                )
            case Finished(order=order, least_score=least):
                sides = "top, left, bottom, right" if order is BoxOrder.TOP_LEFT else "left, top, right, bottom"
                cut = "" if least is None else f", up to the first score below {least:g}"
                what = f"finished boxes ({sides}){cut}"
        return {
            **self.session.describe(),
            "input": f"{self.input_name}, {self.layout}, {self.values.value}",
            "output": f"{', '.join(self.outputs.names)}: {what}",
        }


def _upright(boxes: Boxes, order: BoxOrder) -> Boxes:
    return boxes if order is BoxOrder.TOP_LEFT else boxes[:, order.value]


def _above(scores: NDArray[np.float32], least: float | None) -> int:
    """How many come before the first that is below."""
    below = scores < (0 if least is None else least)
    return int(below.argmax()) if below.any() else len(scores)


def _first(
    boxes: Boxes, classes: NDArray[np.generic], scores: NDArray[np.float32], count: int
) -> tuple[Boxes, NDArray[np.float32], NDArray[np.int64]]:
    return boxes[:count], scores[:count], classes[:count].astype(np.int64)


def fitted(session: Session, path: Path, contract: ModelContract) -> DetectionModel:
    """Find out how a model wants its pictures and gives its boxes.

    One black picture is run, because declared output shapes are often incomplete.

    Raises:
        ModelError: The model does not fit; the error says what was expected and found.
    """
    try:
        name, values, layout, max_batch = _input(session, contract)
        outputs, name_of = _named_outputs(session, contract)
        sides = (contract.size, contract.size)
        shape = (1, 3, *sides) if layout is Layout.NCHW else (1, *sides, 3)
        _check_shapes(session.run({name: np.zeros(shape, values.dtype)}), outputs, name_of)
    except ValueError as error:
        raise ModelError(
            f"{path} does not fit this benchmark: {error}.",
            problems=[
                f"expected: {contract.expected}",
                f"found: inputs {listed(session.inputs)}; outputs {listed(session.outputs)}",
            ],
        ) from error
    return DetectionModel(
        session=session,
        path=path,
        input_name=name,
        values=values,
        layout=layout,
        outputs=outputs,
        name_of=name_of,
        max_batch=max_batch,
    )


def _weight_types(path: Path) -> tuple[str, ...] | None:
    """``None`` where the file does not say it in a way that is known here; the runtime has read it all the same."""
    try:
        return weight_types(path) or None
    except InputError:
        return None


def _input(session: Session, contract: ModelContract) -> tuple[str, Values, Layout, int | None]:
    if len(session.inputs) != 1:
        raise ValueError(f"it has {len(session.inputs)} inputs")
    tensor = session.inputs[0]
    values = next((values for values in contract.values if values.dtype == tensor.dtype), None)
    if values is None:
        raise ValueError(f"its input is {tensor.dtype or 'of another type'}")
    layout = _layout(tensor, contract)
    batch = tensor.shape[0]
    if batch not in {None, 1}:
        raise ValueError(f"its batch is fixed at {batch}")
    return tensor.name, values, layout, batch


def _layout(tensor: TensorInfo, contract: ModelContract) -> Layout:
    """By the axis that holds the channels; height and width may be free. All free is channels last, as TensorFlow."""
    sides = {None, contract.size}
    match tensor.shape:
        case (_, 3, height, width) if {height, width} <= sides:
            return Layout.NCHW
        case (_, height, width, 3 | None) if {height, width} <= sides:
            return Layout.NHWC
    raise ValueError("its input has another shape")


def _named_outputs(session: Session, contract: ModelContract) -> tuple[Outputs, dict[str, str]]:
    """The first set of names that the model has all of."""
    known = {tensor.name.removesuffix(":0"): tensor.name for tensor in session.outputs}
    for outputs in contract.outputs:
        if set(outputs.names) <= set(known):
            return outputs, {name: known[name] for name in outputs.names}
    raise ValueError("its outputs have other names")


def _check_shapes(arrays: NamedArrays, outputs: Outputs, name_of: Mapping[str, str]) -> None:
    """The shapes of one picture's outputs must belong together."""
    boxes, scores = arrays[name_of[outputs.boxes]], arrays[name_of[outputs.scores]]
    shapes = f"{outputs.boxes} {boxes.shape}, {outputs.scores} {scores.shape}"
    match outputs:
        case Raw():
            good = scores.ndim == 3 and boxes.shape == (1, scores.shape[1], 4)
        case Finished():
            classes = arrays[name_of[outputs.classes]]
            shapes += f", {outputs.classes} {classes.shape}"
            good = scores.ndim == 2 and boxes.shape == (1, scores.shape[1], 4) and classes.shape == scores.shape
            if outputs.count is not None:
                count = arrays[name_of[outputs.count]]
                shapes += f", {outputs.count} {count.shape}"
                good = good and count.size == 1
    if not good:
        raise ValueError(f"its outputs do not belong together for one picture: {shapes}")


@dataclass(frozen=True, slots=True, kw_only=True)
class MiniManifest:
    """What the package knows about the files that it ships; written by ``tools/mini_ssd.py``."""

    seed: int
    """Of the test set."""
    count: int
    """Scenes in it."""
    scenes_sha256: str
    models: Mapping[Precision, ShippedFile]
    reference_accuracy: float
    """mAP of the fp32 model on the test set, percent."""

    @classmethod
    def read(cls, folder: Path) -> MiniManifest:
        """Read ``manifest.json``.

        Raises:
            InputError: It is missing or cannot be read.
        """
        path = folder / "manifest.json"
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            return cls(
                seed=int(data["data"]["test_seed"]),
                count=int(data["data"]["items"]),
                scenes_sha256=str(data["data"]["sha256"]),
                models={
                    precision: ShippedFile(
                        path=folder / data["files"][precision]["file"], sha256=data["files"][precision]["sha256"]
                    )
                    for precision in Precision
                },
                reference_accuracy=float(data["reference_accuracy"]),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path} cannot be read: {error}.", hint="Install the package again.") from error
