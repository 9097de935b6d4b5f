"""OpenVINO: ONNX files and its own format, on Intel's and other x86 and ARM processors.

Left alone it computes float32 models in bfloat16 where the processor can, pins its threads to cores, and takes as many
threads as there are cores; here all of this is as the options say, and held against what the runtime reports.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from levelfield.backends import Backend
from levelfield.backends.port import Arithmetic, BackendOptions, NamedArrays, TensorInfo
from levelfield.backends.shared import (
    Pool,
    described,
    did_not_run,
    installed,
    not_loaded,
    quiet_loading,
    reason,
    require_file,
    require_inputs,
    require_options,
)
from levelfield.errors import MissingError, SettingsError
from levelfield.files import sha256_of

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["OpenVinoSession", "load"]

_CHOOSERS = ("AUTO", "MULTI", "HETERO", "BATCH")
"""Devices that choose the device themselves."""


class OpenVinoSession:
    """A model compiled by OpenVINO, with one infer request for each instance."""

    def __init__(self, compiled: Any, path: Path, options: BackendOptions, facts: dict[str, str]) -> None:
        self.inputs: Sequence[TensorInfo] = _tensors(compiled.inputs, "input")
        self.outputs: Sequence[TensorInfo] = _tensors(compiled.outputs, "output")
        self._names = [tensor.name for tensor in self.outputs]
        self._position_of = {tensor.name: position for position, tensor in enumerate(self.inputs)}
        self._pool = Pool(compiled.create_infer_request() for _ in range(options.instances))
        self._path = path
        self._facts = facts

    def run(self, arrays: NamedArrays) -> dict[str, NDArray[Any]]:
        """Every output by name; see :class:`levelfield.backends.port.Session`."""
        # The runtime itself converts other types, and runs with the inputs of the call before if one is left out.
        require_inputs(self._path, self.inputs, arrays)
        feed = {self._position_of[name]: np.ascontiguousarray(array) for name, array in arrays.items()}
        request = self._pool.take()
        try:
            found = request.infer(feed, share_inputs=True)
            return dict(zip(self._names, found.values(), strict=True))
        except (RuntimeError, ValueError, TypeError) as error:
            raise did_not_run(self._path, self.inputs, arrays, _reason(error)) from error
        finally:
            self._pool.give_back(request)

    def describe(self) -> dict[str, str]:
        """What ran the model, for the record."""
        return dict(self._facts)


def load(model: Path, options: BackendOptions) -> OpenVinoSession:
    """Load an ONNX file, OpenVINO's own ``.xml`` with its ``.bin``, or a ``.tflite``.

    Raises:
        SettingsError: An option that OpenVINO does not have, or does not follow on this machine.
        MissingError: It is not installed, or has no such device or arithmetic.
        ModelError: The file is missing or cannot be read.
    """
    require_options("openvino", options, arithmetics=tuple(Arithmetic))
    runtime = installed("openvino", package="openvino", extra="openvino")
    version = runtime.get_version().split("-")[0]
    core = runtime.Core()
    device = options.provider or "CPU"
    _require_device(core, version, device)
    if options.arithmetic is Arithmetic.BF16:
        _require_bf16(core, version, device)
    require_file(model, "an ONNX file or OpenVINO's .xml", Backend.OPENVINO)
    reads = Backend.OPENVINO.suffixes
    hint = f"Files that it reads: {', '.join(reads)}. The file may be damaged; compare its hash with its source."
    if model.suffix.lower() not in reads:  # else every format is tried in turn, and each complains on the terminal
        raise not_loaded(model, f"openvino {version}", f"found a {model.suffix or 'nameless'} file", hint=hint)
    try:
        with quiet_loading():  # a damaged file is offered to every format, and each complains
            compiled = core.compile_model(core.read_model(str(model)), device, _properties(runtime, options, device))
    except (RuntimeError, ValueError) as error:
        raise not_loaded(model, f"openvino {version} on {device}", _reason(error), hint=hint) from error
    facts = described("openvino", version, device, model, options)
    if device == "CPU":
        _require_followed(compiled, options)
        facts["pinning"] = "off"
    if model.suffix.lower() == ".xml" and (weights := model.with_suffix(".bin")).is_file():
        facts["weights_sha256"] = sha256_of(weights)
    return OpenVinoSession(compiled, model, options, facts)


def _properties(runtime: ModuleType, options: BackendOptions, device: str) -> dict[str, Any]:
    short = options.arithmetic is Arithmetic.BF16
    asked: dict[str, Any] = {"INFERENCE_PRECISION_HINT": runtime.Type.bf16 if short else runtime.Type.f32}
    if device == "CPU":
        asked |= {
            "INFERENCE_NUM_THREADS": options.threads * options.instances,
            "NUM_STREAMS": options.instances,
            # Pinned threads would stay on a core that the load generator needs.
            "ENABLE_CPU_PINNING": False,
        }
    return asked


def _require_device(core: Any, version: str, device: str) -> None:
    available = core.available_devices
    if device.split(":", maxsplit=1)[0] in _CHOOSERS:
        raise SettingsError(
            f"provider: found {device!r}, which chooses a device by itself; expected one: {', '.join(available)}."
        )
    if device not in available:
        raise MissingError(
            f"openvino {version} has no device {device!r} here.", problems=[f"available: {', '.join(available)}"]
        )


def _require_bf16(core: Any, version: str, device: str) -> None:
    if "BF16" not in core.get_property(device, "OPTIMIZATION_CAPABILITIES"):
        raise MissingError(
            f"openvino {version} cannot compute in bf16 on this {device}.",
            hint="It needs a processor with AVX-512 BF16, AMX or ARM's BF16. Leave --arithmetic out for float32.",
        )


def _require_followed(compiled: Any, options: BackendOptions) -> None:
    """What was asked for must be what is done: the runtime cuts numbers that it finds too large."""
    asked = {
        "threads of all instances": ("INFERENCE_NUM_THREADS", options.threads * options.instances),
        "instances": ("NUM_STREAMS", options.instances),
    }
    problems = [
        f"{what}: asked for {count}, openvino takes {found}"
        for what, (name, count) in asked.items()
        if (found := compiled.get_property(name)) != count
    ]
    if problems:
        raise SettingsError(
            "openvino does not run as asked on this machine.",
            problems=problems,
            hint="It takes at most one thread a core; ask for fewer --threads or --workers.",
        )


def _tensors(ports: Sequence[Any], kind: str) -> tuple[TensorInfo, ...]:
    return tuple(_tensor(port, f"{kind}_{position}") for position, port in enumerate(ports))


def _tensor(port: Any, unnamed: str) -> TensorInfo:
    shape = port.partial_shape
    sizes = [shape[axis] for axis in range(len(shape))] if shape.rank.is_static else []
    kind = port.element_type
    return TensorInfo(
        name=min(port.names, default=unnamed) if len(port.names) != 1 else port.any_name,
        shape=tuple(None if size.is_dynamic else size.get_length() for size in sizes),
        dtype=None if kind.get_type_name() in {"bf16", "string"} else np.dtype(kind.to_dtype()),
    )


def _reason(error: Exception) -> str:
    """The last of the runtime's lines that says something: those before it name places in its own source."""
    lines = [line.strip() for line in str(error).splitlines()]
    said = [line for line in lines if line and not line.startswith(("Exception from", "Check '", "FrontEnd API"))]
    return said[-1].rstrip(". ") if said else reason(error)
