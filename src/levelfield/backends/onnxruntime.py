"""onnxruntime: the default backend.

Log lines of the runtime stay off the terminal (what fails comes back as an exception anyway), thread counts are
explicit, and a provider that cannot run the whole model is an error: the runtime would silently take the CPU instead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

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
    reason,
    require_file,
    require_options,
)
from levelfield.errors import MissingError, ModelError

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["OnnxSession", "load"]

_CPU = "CPUExecutionProvider"
_FATAL = 4
"""The only severity that is logged; 2 (warnings) is the runtime's default."""

_NUMPY_TYPES = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
    "tensor(int8)": np.int8,
    "tensor(int16)": np.int16,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
    "tensor(uint8)": np.uint8,
    "tensor(uint16)": np.uint16,
    "tensor(uint32)": np.uint32,
    "tensor(uint64)": np.uint64,
    "tensor(bool)": np.bool_,
    "tensor(string)": np.str_,
}


_ErrorTypes: TypeAlias = tuple[type[Exception], ...]


class _Node(Protocol):
    """An input or output, as the runtime describes it."""

    name: str
    type: str
    shape: Sequence[int | str | None]


class _Loaded(Protocol):
    """The part of the runtime's session that is used here."""

    def get_inputs(self) -> Sequence[_Node]: ...
    def get_outputs(self) -> Sequence[_Node]: ...
    def run(self, names: Sequence[str], feed: NamedArrays, /) -> Sequence[NDArray[Any]]: ...


_Run: TypeAlias = Callable[[Sequence[str], NamedArrays], Sequence[NDArray[Any]]]


class OnnxSession:
    """A model loaded by onnxruntime."""

    def __init__(self, sessions: Sequence[_Loaded], path: Path, facts: dict[str, str], errors: _ErrorTypes) -> None:
        self.inputs: Sequence[TensorInfo] = tuple(_tensor(node) for node in sessions[0].get_inputs())
        self.outputs: Sequence[TensorInfo] = tuple(_tensor(node) for node in sessions[0].get_outputs())
        self._names = [tensor.name for tensor in self.outputs]
        self._execute: _Run = sessions[0].run if len(sessions) == 1 else _one_of(sessions)
        self._path = path
        self._facts = facts
        self._errors: _ErrorTypes = (*errors, RuntimeError, ValueError, TypeError)

    def run(self, arrays: NamedArrays) -> dict[str, NDArray[Any]]:
        """Every output by name; see :class:`levelfield.backends.port.Session`."""
        try:
            found = self._execute(self._names, arrays)
            # After a call every step costs several times its usual: of one output this is 1 % of a model of 0.3 ms.
            return {self._names[0]: found[0]} if len(found) == 1 else dict(zip(self._names, found, strict=True))
        except self._errors as error:
            raise did_not_run(self._path, self.inputs, arrays, _reason(error)) from error

    def describe(self) -> dict[str, str]:
        """What ran the model, for the record."""
        return dict(self._facts)


def load(model: Path, options: BackendOptions) -> OnnxSession:
    """Load an ONNX file.

    Raises:
        SettingsError: An option that onnxruntime does not have.
        MissingError: onnxruntime is not installed, or has no such provider.
        ModelError: The file is missing or cannot be read, or the provider cannot run all of it.
    """
    runtime = _runtime()
    provider = options.provider or _CPU
    _require_arithmetic(options)
    _require_provider(runtime, provider)
    require_file(model, "the ONNX file", Backend.ONNXRUNTIME)
    errors = _runtime_errors()
    on_load: _ErrorTypes = (*errors, RuntimeError, ValueError)
    # One thread is the caller's own, so callers share a session. More are a session's, so each caller needs one.
    copies = options.instances if options.threads > 1 else 1
    chosen = _session_options(runtime, options, provider)
    try:
        sessions = [
            runtime.InferenceSession(str(model), chosen, providers=[provider], enable_fallback=False)
            for _ in range(copies)
        ]
    except on_load as error:
        raise not_loaded(
            model,
            f"onnxruntime {runtime.__version__} on {provider}",
            _reason(error),
            hint="The file may be damaged, or not be ONNX; compare its size and hash with its source."
            if provider == _CPU
            else f"Choose a provider that runs the whole model; {_CPU} shows whether the file itself is good.",
        ) from error
    if (found := sessions[0].get_providers()[0]) != provider:
        raise ModelError(
            f"{model} does not run on {provider}: found {found} instead.",
            hint="The provider's own libraries may be missing or of another version.",
        )
    facts = {
        **described("onnxruntime", str(runtime.__version__), provider, model, options),
        "inter_op_threads": str(options.inter_op_threads),
        "spinning": "on" if options.spinning else "off",
    }
    return OnnxSession(sessions, model, facts, errors)


def _one_of(sessions: Sequence[_Loaded]) -> _Run:
    """A call of whichever session is free."""
    pool = Pool(session.run for session in sessions)

    def execute(names: Sequence[str], arrays: NamedArrays) -> Sequence[NDArray[Any]]:
        run = pool.take()
        try:
            return run(names, arrays)
        finally:
            pool.give_back(run)

    return execute


def _runtime() -> ModuleType:
    onnxruntime = installed("onnxruntime", package="onnxruntime", extra=None)
    onnxruntime.set_default_logger_severity(_FATAL)
    return onnxruntime


def _require_arithmetic(options: BackendOptions) -> None:
    if options.arithmetic is not Arithmetic.MODEL:
        require_options("onnxruntime", replace(options, inter_op_threads=1, spinning=False))


def _require_provider(runtime: ModuleType, provider: str) -> None:
    available = runtime.get_available_providers()
    if provider not in available:
        raise MissingError(
            f"onnxruntime {runtime.__version__} has no provider {provider!r} here.",
            problems=[f"available: {', '.join(available)}"],
            hint="For CUDA: pip uninstall onnxruntime && pip install onnxruntime-gpu",
        )


def _session_options(runtime: ModuleType, options: BackendOptions, provider: str) -> Any:
    chosen = runtime.SessionOptions()
    chosen.log_severity_level = _FATAL
    chosen.intra_op_num_threads = options.threads
    chosen.inter_op_num_threads = options.inter_op_threads
    parallel = options.inter_op_threads > 1
    chosen.execution_mode = runtime.ExecutionMode.ORT_PARALLEL if parallel else runtime.ExecutionMode.ORT_SEQUENTIAL
    spinning = "1" if options.spinning else "0"
    chosen.add_session_config_entry("session.intra_op.allow_spinning", spinning)
    chosen.add_session_config_entry("session.inter_op.allow_spinning", spinning)
    if provider != _CPU:
        chosen.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
    return chosen


def _runtime_errors() -> _ErrorTypes:
    """The runtime's own exceptions; they share no base class."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    found = (getattr(state, name) for name in dir(state))
    return tuple(kind for kind in found if isinstance(kind, type) and issubclass(kind, Exception))


def _tensor(node: _Node) -> TensorInfo:
    kind = _NUMPY_TYPES.get(node.type)
    shape = tuple(size if isinstance(size, int) and size > 0 else None for size in node.shape)
    return TensorInfo(name=node.name, shape=shape, dtype=None if kind is None else np.dtype(kind))


def _reason(error: Exception) -> str:
    """The runtime's words on one line, without its prefix and final stop."""
    return reason(error).removeprefix("[ONNXRuntimeError] : ")
