"""LiteRT (once TensorFlow Lite): the runtime of the Tiny and Mobile suites' ``.tflite`` files.

An interpreter belongs to one caller at a time, so there is one for each instance. A batch of another size than the
one before makes it plan its memory anew, which costs more than many a small model: steady batch sizes are faster.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from levelfield.backends import Backend
from levelfield.backends.port import BackendOptions, NamedArrays, TensorInfo
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
from levelfield.errors import MissingError

__all__ = ["LiteRtSession", "load"]

_CPU = "CPU"


class LiteRtSession:
    """A model loaded by LiteRT."""

    def __init__(self, interpreters: Sequence[Any], path: Path, facts: dict[str, str]) -> None:
        self.inputs: Sequence[TensorInfo] = tuple(_tensor(found) for found in interpreters[0].get_input_details())
        self.outputs: Sequence[TensorInfo] = tuple(_tensor(found) for found in interpreters[0].get_output_details())
        self._pool = Pool(_Instance(interpreter) for interpreter in interpreters)
        self._path = path
        self._facts = facts

    def run(self, arrays: NamedArrays) -> dict[str, NDArray[Any]]:
        """Every output by name; see :class:`levelfield.backends.port.Session`."""
        require_inputs(self._path, self.inputs, arrays)
        instance = self._pool.take()
        try:
            return instance.run(arrays)
        except (RuntimeError, ValueError) as error:
            instance.forget_shapes()
            raise did_not_run(self._path, self.inputs, arrays, reason(error)) from error
        finally:
            self._pool.give_back(instance)

    def describe(self) -> dict[str, str]:
        """What ran the model, for the record."""
        return dict(self._facts)


class _Instance:
    """One interpreter, and the shapes for which it has planned its memory."""

    def __init__(self, interpreter: Any) -> None:
        self._interpreter = interpreter
        self._input_of = {found["name"]: found["index"] for found in interpreter.get_input_details()}
        self._output_of = {found["name"]: found["index"] for found in interpreter.get_output_details()}
        self._planned = {found["name"]: tuple(found["shape"].tolist()) for found in interpreter.get_input_details()}

    def run(self, arrays: NamedArrays) -> dict[str, NDArray[Any]]:
        interpreter = self._interpreter
        shapes = {name: array.shape for name, array in arrays.items()}
        if shapes != self._planned:
            for name, shape in shapes.items():
                interpreter.resize_tensor_input(self._input_of[name], shape)
            interpreter.allocate_tensors()
            self._planned = shapes
        for name, array in arrays.items():
            interpreter.set_tensor(self._input_of[name], array)
        interpreter.invoke()
        return {name: interpreter.get_tensor(index) for name, index in self._output_of.items()}

    def forget_shapes(self) -> None:
        """Plan anew at the next call: after a failure nothing is known."""
        self._planned = {}


def load(model: Path, options: BackendOptions) -> LiteRtSession:
    """Load a ``.tflite`` file.

    Raises:
        SettingsError: An option that LiteRT does not have.
        MissingError: It is not installed, or another device than the CPU was asked for.
        ModelError: The file is missing or cannot be read, or uses an operator that this build lacks.
    """
    require_options("litert", options)
    runtime = installed("ai_edge_litert.interpreter", package="ai-edge-litert", extra="litert")
    version = metadata.version("ai-edge-litert")
    if options.provider not in {None, _CPU}:
        raise MissingError(f"litert {version} runs here on the {_CPU} only; found the provider {options.provider!r}.")
    require_file(model, "the .tflite file", Backend.LITERT)
    try:
        with quiet_loading():  # it greets on the terminal, and has no setting for that
            interpreters = [
                runtime.Interpreter(str(model), num_threads=options.threads) for _ in range(options.instances)
            ]
            for interpreter in interpreters:
                interpreter.allocate_tensors()
    except (RuntimeError, ValueError) as error:
        raise not_loaded(
            model,
            f"litert {version}",
            reason(error),
            hint="The file may be damaged, or not be a .tflite; compare its size and hash with its source.",
        ) from error
    return LiteRtSession(interpreters, model, described("litert", version, _CPU, model, options))


def _tensor(found: dict[str, Any]) -> TensorInfo:
    sizes = found["shape_signature"].tolist()
    return TensorInfo(
        name=found["name"],
        shape=tuple(size if size >= 0 else None for size in sizes),
        dtype=np.dtype(found["dtype"]),
    )
