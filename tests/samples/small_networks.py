"""One small network, y = x + x for (batch, 3) float32, in each backend's format; and the shipped one for PyTorch."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

DATA = Path(__file__).parents[2] / "src/levelfield/workloads/image_classification/data"
FP32, INT8 = DATA / "resnet8_fp32.onnx", DATA / "resnet8_int8.onnx"


def doubling_onnx(folder: Path) -> Path:
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "x"], ["y"])],
        "doubling",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 3])],
    )
    path = folder / "doubling.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def doubling_tflite(folder: Path, *, free_batch: bool = True) -> Path:
    """Put together by the runtime's own description of the format."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    tensors = []
    for name in (b"x", b"y"):
        tensor = schema.TensorT()
        tensor.name, tensor.type, tensor.buffer = name, schema.TensorType.FLOAT32, 0
        tensor.shape, tensor.shapeSignature = [1, 3], [-1, 3] if free_batch else None
        tensors.append(tensor)
    add = schema.OperatorT()
    add.inputs, add.outputs = [0, 0], [1]
    add.builtinOptionsType, add.builtinOptions = schema.BuiltinOptions.AddOptions, schema.AddOptionsT()
    graph = schema.SubGraphT()
    graph.tensors, graph.operators, graph.inputs, graph.outputs = tensors, [add], [0], [1]
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.ADD
    model = schema.ModelT()
    model.version, model.subgraphs, model.operatorCodes, model.buffers = 3, [graph], [code], [schema.BufferT()]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    path = folder / "doubling.tflite"
    path.write_bytes(builder.Output())
    return path


def doubling_exported(folder: Path) -> Path:
    return exported(_doubling(), (3,), folder / "doubling.pt2")


def doubling_traced(folder: Path) -> Path:
    return traced(_doubling(), (3,), folder / "doubling.pt")


def exported(network: Any, shape: tuple[int, ...], path: Path) -> Path:
    """The network as ``torch.export`` saves it, for inputs (any, *shape)."""
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        batch = torch.export.Dim("batch", min=1, max=4096)
        program = torch.export.export(network, (torch.zeros(2, *shape),), dynamic_shapes=({0: batch},))
        torch.export.save(program, path)
    return path


def traced(network: Any, shape: tuple[int, ...], path: Path) -> Path:
    """The network as ``torch.jit.trace`` saves it."""
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.trace(network, torch.zeros(2, *shape)).save(path)
    return path


def _doubling() -> Any:
    import torch

    class Doubling(torch.nn.Module):
        def forward(self, x: Any) -> Any:
            return x + x

    return Doubling().eval()


def shipped_network() -> Any:
    """The shipped fp32 ResNet-8 as a PyTorch module, operator by operator from its ONNX file."""
    import torch
    from torch.nn import functional

    graph = onnx.load(FP32).graph
    nodes = [
        (
            node.op_type,
            list(node.input),
            node.output[0],
            {a.name: helper.get_attribute_value(a) for a in node.attribute},
        )
        for node in graph.node
    ]

    class Shipped(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.place_of = {}
            for place, weight in enumerate(graph.initializer):
                self.place_of[weight.name] = f"weight_{place}"
                self.register_buffer(f"weight_{place}", torch.from_numpy(np.array(numpy_helper.to_array(weight))))

        def forward(self, image: Any) -> Any:
            values = {name: getattr(self, place) for name, place in self.place_of.items()} | {"image": image}
            for kind, inputs, output, attributes in nodes:
                values[output] = _operator(kind, [values[name] for name in inputs], attributes)
            return values["logits"]

    def _operator(kind: str, inputs: list[Any], attributes: dict[str, Any]) -> Any:
        match kind:
            case "Conv":
                padding = tuple(attributes["pads"][:2])
                return functional.conv2d(*inputs, stride=tuple(attributes["strides"]), padding=padding)
            case "Relu":
                return functional.relu(*inputs)
            case "Add":
                return inputs[0] + inputs[1]
            case "ReduceMean":
                return inputs[0].mean(dim=attributes["axes"])
            case "Gemm":
                return functional.linear(*inputs)
        raise AssertionError(kind)

    return Shipped().eval()
