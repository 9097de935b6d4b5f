"""Scenes of the mini editions: what is drawn, and what networks and the metric see of it. No torch here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from levelfield.metrics.coco_map import Truth
from levelfield.metrics.masks import Masks
from levelfield.training.detection.order import Ints
from levelfield.workloads.object_detection.generator import SceneKind, SceneSet, Shape, scenes
from levelfield.workloads.object_detection.preprocess import Values, picture_input
from levelfield.workloads.pictures import Layout

__all__ = ["MINI_SCENES", "ScenePart"]

MINI_SCENES = SceneKind(
    size=64,
    shapes=(Shape.ELLIPSE, Shape.RECTANGLE, Shape.TRIANGLE),
    most_objects=2,
    sides=(18, 44),
    bars=0,
    noise=8,
)
"""Of ``maskrcnn``; ``ssd`` has those of the inference suite's ``ssd-resnet34``."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScenePart:
    """The scenes to train on, or those to evaluate on."""

    kind: SceneKind
    scenes: SceneSet
    inputs: NDArray[np.float32]
    """(scenes, 3, size, size): as networks see them."""

    @classmethod
    def drawn(cls, kind: SceneKind, seed: int, count: int) -> ScenePart:
        """So many scenes, which are the same in every run: what a run's seed changes is weights and order."""
        drawn = scenes(kind, seed, count)
        inputs = picture_input(drawn.pixels, Values.NORMALISED, Layout.NCHW).astype(np.float32)
        return cls(kind=kind, scenes=drawn, inputs=inputs)

    def objects(self, row: int) -> slice:
        """Those of a scene, among all objects."""
        first, end = np.searchsorted(self.scenes.scene_of, [row, row + 1]).tolist()
        return slice(first, end)

    @property
    def sides(self) -> Ints:
        """(scenes,) heights, and widths."""
        return np.full(len(self.inputs), self.kind.size)

    @property
    def categories(self) -> Ints:
        """What the truth calls the classes: whole numbers from 1."""
        return np.arange(1, 1 + len(self.kind.classes))

    def truth(self, masks: Masks | None = None) -> Truth:
        """All objects; with masks, these are matched."""
        drawn = self.scenes
        return Truth(
            pictures=drawn.scene_of,
            classes=drawn.classes,
            boxes=drawn.boxes.astype(float),
            areas=drawn.areas.astype(float),
            crowd=np.zeros(len(drawn.areas), bool),
            masks=masks,
        )
