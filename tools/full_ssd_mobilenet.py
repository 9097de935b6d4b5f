"""Export a network of SSD-MobileNet-v1's full shape with random weights: what a run costs, nothing about accuracy.

Run ``python tools/full_ssd_mobilenet.py OUT.onnx`` in an environment with torch (CPU) and onnx. The layers are those of
the reference (mlcommons/inference, tag v2.0, vision/classification_and_detection/python/models/ssd_mobilenet_v1.py):
MobileNet-v1 of width 1, four extra blocks, 1x1 heads on six maps, 1,917 anchors, 91 classes, sigmoid scores, and
non-maximum suppression in the graph. Input and outputs are those of the reference's ONNX file: uint8 pictures
(1, 300, 300, 3); ``detection_boxes``, ``detection_classes``, ``detection_scores``, ``num_detections``.

The bias of the scores is set so that on noise about a hundred pairs of anchor and class are candidates, as on a
photograph; otherwise the suppression would have nothing or everything to do.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.nn import functional

SEED = 20220406
SIZE, CLASSES = 300, 91
MAPS = ((19, 3), (10, 6), (5, 6), (3, 6), (2, 6), (1, 6))
"""Cells on a side, anchors of a cell."""
LEAST_SCORE, MOST_OVERLAP, MOST_KEPT = 0.3, 0.6, 100
CANDIDATES = 100
WIDTHS = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1))
"""Channels and stride of MobileNet-v1's thirteen separable blocks."""
EXTRAS = ((256, 512), (128, 256), (128, 256), (64, 128))


class Same(nn.Conv2d):
    """A convolution padded as TensorFlow does: where the padding is odd, the more at the end."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(batch, channels, height, width) to ceil(height / stride) rows."""
        side, stride = self.kernel_size[0], self.stride[0]
        missing = max(0, (math.ceil(x.shape[-1] / stride) - 1) * stride + side - x.shape[-1])
        before, after = missing // 2, missing - missing // 2
        return super().forward(functional.pad(x, (before, after, before, after)))


def normed(channels_in: int, channels: int, side: int, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    """Convolution, batch normalisation, ReLU6."""
    convolution = Same(channels_in, channels, side, stride, groups=groups, bias=False)
    return [convolution, nn.BatchNorm2d(channels), nn.ReLU6()]


class SsdMobileNet(nn.Module):
    """From bytes to the boxes and scores of every anchor."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = normed(3, 32, 3, 2)
        channels = 32
        for wider, stride in WIDTHS:
            layers.append(
                nn.Sequential(*normed(channels, channels, 3, stride, groups=channels), *normed(channels, wider, 1))
            )
            channels = wider
        self.lower, self.upper = nn.Sequential(*layers[:-2]), nn.Sequential(*layers[-2:])
        self.extras = nn.ModuleList()
        outs = [512, 1024]
        for narrow, wide in EXTRAS:
            self.extras.append(
                nn.Sequential(nn.Conv2d(outs[-1], narrow, 1), nn.ReLU6(), Same(narrow, wide, 3, 2), nn.ReLU6())
            )
            outs.append(wide)
        pairs = list(zip(outs, MAPS, strict=True))
        self.classes = nn.ModuleList(nn.Conv2d(wide, count * CLASSES, 1) for wide, (_, count) in pairs)
        self.moves = nn.ModuleList(nn.Conv2d(wide, count * 4, 1) for wide, (_, count) in pairs)
        self.register_buffer("anchors", torch.from_numpy(anchors()))
        self.bias = nn.Parameter(torch.zeros(()))

    def logits_and_moves(self, pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(1, 1917, 91) and (1, 1917, 4) of uint8 pictures, channels last."""
        x = (pictures.float().permute(0, 3, 1, 2) - 127.5) / 127.5
        maps = [self.lower(x)]
        maps.append(self.upper(maps[0]))
        for block in self.extras:
            maps.append(block(maps[-1]))

        def by_anchor(heads: nn.ModuleList, width: int) -> torch.Tensor:
            found = [head(x).permute(0, 2, 3, 1).reshape(1, -1, width) for x, head in zip(maps, heads, strict=True)]
            return torch.cat(found, 1)

        return by_anchor(self.classes, CLASSES) + self.bias, by_anchor(self.moves, 4)

    def forward(self, pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Boxes (1, 1917, 4: top, left, bottom, right) and scores (1, 90, 1917), the background left out."""
        logits, moves = self.logits_and_moves(pictures)
        centre = self.anchors[:, :2] + moves[..., :2] / 10 * self.anchors[:, 2:]
        half = self.anchors[:, 2:] * torch.exp(moves[..., 2:] / 5) / 2
        return torch.cat([centre - half, centre + half], -1), torch.sigmoid(logits)[..., 1:].transpose(1, 2)


def anchors() -> np.ndarray:
    """(1917, 4) as centre y, centre x, height, width: scales .2 to .95, aspects 1, 2, 1/2, 3, 1/3, and one between."""
    scales = [0.2 + (0.95 - 0.2) * level / 5 for level in range(6)] + [1.0]
    rows = []
    for level, (cells, _) in enumerate(MAPS):
        scale = scales[level]
        sizes = [(scale, aspect) for aspect in (1, 2, 1 / 2, 3, 1 / 3)] + [(math.sqrt(scale * scales[level + 1]), 1)]
        if level == 0:
            sizes = [(0.1, 1), (scale, 2), (scale, 1 / 2)]
        for y in range(cells):
            for x in range(cells):
                for side, aspect in sizes:
                    root = math.sqrt(aspect)
                    rows.append(((y + 0.5) / cells, (x + 0.5) / cells, side / root, side * root))
    return np.array(rows, np.float32)


def with_suppression(model: onnx.ModelProto) -> onnx.ModelProto:
    """Append the suppression, and the outputs by the names of the reference."""
    graph = model.graph
    graph.initializer.extend(
        numpy_helper.from_array(np.array(value, kind), name)
        for name, value, kind in (
            ("most_kept", [MOST_KEPT], np.int64),
            ("most_overlap", [MOST_OVERLAP], np.float32),
            ("least_score", [LEAST_SCORE], np.float32),
            ("column_1", 1, np.int64),
            ("columns_12", [1, 2], np.int64),
            ("column_2", 2, np.int64),
            ("one", 1.0, np.float32),
            ("axis_0", [0], np.int64),
        )
    )

    def node(kind: str, inputs: list[str], outputs: list[str], **attributes: object) -> None:
        graph.node.append(helper.make_node(kind, inputs, outputs, **attributes))

    node("NonMaxSuppression", ["boxes", "scores", "most_kept", "most_overlap", "least_score"], ["selected"])
    node("Squeeze", ["scores", "axis_0"], ["scores_2d"])
    node("Squeeze", ["boxes", "axis_0"], ["boxes_2d"])
    node("Gather", ["selected", "columns_12"], ["class_and_anchor"], axis=1)
    node("GatherND", ["scores_2d", "class_and_anchor"], ["found"])
    node("Shape", ["found"], ["how_many"])
    node("Min", ["how_many", "most_kept"], ["kept"])
    node("TopK", ["found", "kept"], ["best", "places"])
    node("Gather", ["selected", "places"], ["chosen"], axis=0)
    node("Gather", ["chosen", "column_1"], ["class_from_0"], axis=1)
    node("Cast", ["class_from_0"], ["class_float"], to=TensorProto.FLOAT)
    node("Add", ["class_float", "one"], ["classes"])
    node("Gather", ["chosen", "column_2"], ["anchor"], axis=1)
    node("Gather", ["boxes_2d", "anchor"], ["best_boxes"], axis=0)
    node("Cast", ["kept"], ["num_detections"], to=TensorProto.FLOAT)
    for inner, outer in (("best_boxes", "boxes"), ("classes", "classes"), ("best", "scores")):
        node("Unsqueeze", [inner, "axis_0"], [f"detection_{outer}"])
    del graph.output[:]
    graph.output.extend(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in (
            ("num_detections", [1]),
            ("detection_boxes", [1, "found", 4]),
            ("detection_classes", [1, "found"]),
            ("detection_scores", [1, "found"]),
        )
    )
    onnx.checker.check_model(model)
    return model


def export(path: Path) -> int:
    """Write the file; returns the number of parameters."""
    torch.manual_seed(SEED)
    model = SsdMobileNet().eval()
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    noise = torch.randint(0, 256, (1, SIZE, SIZE, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(SEED))
    with torch.no_grad():
        logits = model.logits_and_moves(noise)[0][..., 1:].flatten()
        last = logits.topk(CANDIDATES).values[-1]
        model.bias += math.log(LEAST_SCORE / (1 - LEAST_SCORE)) - last
        for head in model.moves:  # boxes near their anchors, so that exp does not overflow
            head.weight *= 0.01
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        heads = Path(folder) / "heads.onnx"
        torch.onnx.export(
            model,
            (noise,),
            str(heads),
            input_names=["image_tensor"],
            output_names=["boxes", "scores"],
            opset_version=17,
            dynamo=False,
        )
        onnx.save(with_suppression(onnx.load(heads)), path)
    return sum(parameter.numel() for parameter in model.parameters())


def main() -> None:
    parser = argparse.ArgumentParser(description="Export SSD-MobileNet-v1's shape with random weights.")
    parser.add_argument("out", type=Path, help="the file to write")
    out: Path = parser.parse_args().out
    print(f"{out}: {export(out):,} parameters, {out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
