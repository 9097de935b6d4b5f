"""PyTorch: programs saved by ``torch.export.save`` (``.pt2``) or ``torch.jit.save`` (TorchScript, ``.pt``).

Both hold the network and its weights. What ``torch.save`` writes does not: a state dict has weights only, and a pickled
module needs its class and would run whatever code the file names. Such a model is exported once, or run as the user's
own object (``examples/own_system.py``).
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile, ZipFile

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
    require_inputs,
    require_options,
)
from levelfield.backends.torch_archive import TracedInput, traced_inputs
from levelfield.errors import MissingError, ModelError

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["TorchSession", "load", "named_outputs"]

_RUN_ERRORS = (RuntimeError, ValueError, TypeError, AssertionError, IndexError, KeyError, NotImplementedError)
"""An exported program checks its inputs by assertions, and runs operators that raise what they like."""
_EXPORT = "torch.export.save(torch.export.export(model.eval(), (example,), dynamic_shapes=...), 'model.pt2')"


class _Kind(Enum):
    """What a file is, by what is in it."""

    EXPORTED = auto()
    SCRIPT = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Program:
    """A loaded network."""

    call: Callable[..., Any]
    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]
    kind: str


class TorchSession:
    """A network loaded by PyTorch."""

    def __init__(self, torch: ModuleType, program: _Program, path: Path, options: BackendOptions) -> None:
        self.inputs: Sequence[TensorInfo] = program.inputs
        self.outputs: Sequence[TensorInfo] = program.outputs
        self._torch = torch
        self._call = program.call
        self._names = [tensor.name for tensor in program.inputs]
        self._device = options.provider or "cpu"
        self._on_cpu = self._device == "cpu"
        self._threads = options.threads
        self._short = options.arithmetic is Arithmetic.BF16
        self._slots = Pool(range(options.instances))
        self._path = path
        version = str(torch.__version__)
        self._facts = {**described("torch", version, self._device, path, options), "program": program.kind}

    def run(self, arrays: NamedArrays) -> dict[str, NDArray[Any]]:
        """Every output by name; see :class:`levelfield.backends.port.Session`.

        Outputs are named ``output``, or ``output_0`` and so on, or by the keys of a dict: PyTorch has no other names.
        """
        require_inputs(self._path, self.inputs, arrays)
        torch = self._torch
        slot = self._slots.take()
        try:
            # For the whole process; what another session chose meanwhile must not stay.
            if torch.get_num_threads() != self._threads:
                torch.set_num_threads(self._threads)
            with torch.inference_mode(), self._arithmetic():
                found = named_outputs(self._call(*(self._tensor(arrays[name]) for name in self._names)))
                return {name: self._array(tensor) for name, tensor in found.items()}
        except _RUN_ERRORS as error:
            raise did_not_run(self._path, self.inputs, arrays, _reason(error)) from error
        finally:
            self._slots.give_back(slot)

    def describe(self) -> dict[str, str]:
        """What ran the model, for the record."""
        return dict(self._facts)

    def _arithmetic(self) -> AbstractContextManager[Any]:
        if not self._short:
            return nullcontext()
        context: AbstractContextManager[Any] = self._torch.autocast(
            self._device.split(":")[0], dtype=self._torch.bfloat16
        )
        return context

    def _tensor(self, array: NDArray[Any]) -> Any:
        # A tensor shares the array's memory; PyTorch wants it writable, though nothing writes to it.
        tensor = self._torch.from_numpy(array if array.flags.writeable else array.copy())
        return tensor if self._on_cpu else tensor.to(self._device)

    def _array(self, tensor: Any) -> NDArray[Any]:
        if tensor.dtype is self._torch.bfloat16:
            tensor = tensor.float()
        array: NDArray[Any] = (tensor if self._on_cpu else tensor.cpu()).numpy()
        return array


def load(model: Path, options: BackendOptions) -> TorchSession:
    """Load a ``.pt2`` of ``torch.export`` or a traced TorchScript file.

    Raises:
        SettingsError: An option that PyTorch does not have.
        MissingError: It is not installed, or has no such device.
        ModelError: The file is missing, damaged, or holds no network.
    """
    require_options("torch", options, arithmetics=tuple(Arithmetic))
    torch = installed("torch", package="torch", extra="torch")
    _require_device(torch, options.provider or "cpu")
    require_file(model, "a .pt2 or TorchScript file", Backend.TORCH)
    name = f"torch {torch.__version__}"
    kind = _kind_of(model, name)
    try:
        program = _exported(torch, model, options) if kind is _Kind.EXPORTED else _script(torch, model, options)
    except _RUN_ERRORS as error:
        hint = "The file may be damaged, or be of a newer PyTorch; compare its hash with its source."
        raise not_loaded(model, name, _reason(error), hint=hint) from error
    return TorchSession(torch, program, model, options)


def named_outputs(result: Any, prefix: str = "output") -> dict[str, Any]:
    """The tensors of a result by name, however they were packed."""
    match result:
        case Mapping():
            parts = {str(key): value for key, value in result.items()}
        case tuple() | list():
            parts = {f"{prefix}_{position}": value for position, value in enumerate(result)}
        case _:
            return {prefix: result}
    found: dict[str, Any] = {}
    for name, value in parts.items():
        if value is not None:
            found |= named_outputs(value, name)
    return found


def _require_device(torch: ModuleType, device: str) -> None:
    kind = device.split(":", maxsplit=1)[0]
    there = {"cpu": lambda: True, "cuda": torch.cuda.is_available, "mps": torch.backends.mps.is_available}
    available = [name for name, check in there.items() if check()]
    if kind not in available:
        raise MissingError(
            f"torch {torch.__version__} has no device {device!r} here.", problems=[f"available: {', '.join(available)}"]
        )


def _kind_of(model: Path, runtime: str) -> _Kind:
    """By the names in the archive, so that nothing of a file that is neither kind is ever executed.

    Raises:
        ModelError: It is neither.
    """
    try:
        with ZipFile(model) as archive:
            listed = archive.namelist()
    except (BadZipFile, OSError) as error:
        raise not_loaded(
            model,
            runtime,
            f"it is not an archive of PyTorch, or it is damaged ({reason(error)})",
            hint=f"Files that it reads: {', '.join(Backend.TORCH.suffixes)}; compare size and hash with the source.",
        ) from error
    names = {name.partition("/")[2] for name in listed}
    if "serialized_exported_program.json" in listed:  # as PyTorch before 2.7 saved it
        return _Kind.EXPORTED
    if "archive_format" in names:
        if any(name.startswith("models/") for name in names):
            return _Kind.EXPORTED
        why = "it is a compiled package (AOTInductor), which runs on the machine that made it"
    elif "constants.pkl" in names:
        return _Kind.SCRIPT
    elif "data.pkl" in names:
        why = "it is what torch.save writes: weights, or a pickled module whose class is elsewhere"
    else:
        why = "it holds no network"
    raise not_loaded(model, runtime, why, hint=f"Export the network once: {_EXPORT}")


def _exported(torch: ModuleType, model: Path, options: BackendOptions) -> _Program:
    for logger in ("torch.export", "torch.export.pt2_archive._package"):
        logging.getLogger(logger).setLevel(logging.CRITICAL)  # what fails comes back as an exception
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of PyTorch about itself
        with model.open("rb") as file:
            exported = torch.export.load(file)
        if options.provider not in {None, "cpu"}:
            exported = torch.export.passes.move_to_device_pass(exported, options.provider)
        call = exported.module()
    values = {node.name: node.meta.get("val") for node in exported.graph.nodes}
    outputs = torch.utils._pytree.tree_unflatten(  # noqa: SLF001 - the only way to the names of a dict's values
        [values.get(name) for name in exported.graph_signature.user_outputs], exported.call_spec.out_spec
    )
    return _Program(
        call=call,
        inputs=tuple(_declared(name, values[name]) for name in exported.graph_signature.user_inputs),
        outputs=tuple(_declared(name, value) for name, value in named_outputs(outputs).items()),
        kind="torch.export",
    )


def _script(torch: ModuleType, model: Path, options: BackendOptions) -> _Program:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is deprecated; the published models are what they are
        script = torch.jit.load(str(model), map_location=options.provider or "cpu").eval()
    names = [argument.name for argument in script.forward.schema.arguments[1:]]
    examples = traced_inputs(model)
    if len(examples) != len(names):
        raise ModelError(
            f"{model} does not say which shapes it takes: it was scripted, not traced.",
            problems=[f"inputs found: {', '.join(names) or 'none'}"],
            hint=f"torch.jit.trace(model, example) keeps them. Better: {_EXPORT}",
        )
    inputs = tuple(_traced(name, example) for name, example in zip(names, examples, strict=True))
    with torch.inference_mode():
        shapes = [tuple(1 if size is None else size for size in tensor.shape) for tensor in inputs]
        tensors = [
            torch.from_numpy(np.zeros(shape, tensor.dtype)).to(options.provider or "cpu")
            for shape, tensor in zip(shapes, inputs, strict=True)
        ]
        outputs = named_outputs(script(*tensors))
    return _Program(
        call=script,
        inputs=inputs,
        outputs=tuple(
            TensorInfo(name=name, shape=(None, *tensor.shape[1:]), dtype=_numpy_type(tensor.dtype))
            for name, tensor in outputs.items()
        ),
        kind="TorchScript, traced",
    )


def _traced(name: str, example: TracedInput) -> TensorInfo:
    """An example's shape with the first axis free: a trace does not say which axes are."""
    return TensorInfo(name=name, shape=(None, *example.shape[1:]) if example.shape else (), dtype=example.dtype)


def _declared(name: str, value: Any) -> TensorInfo:
    sizes = tuple(size if isinstance(size, int) else None for size in value.shape)
    return TensorInfo(name=name, shape=sizes, dtype=_numpy_type(value.dtype))


def _numpy_type(kind: Any) -> np.dtype[Any] | None:
    name = str(kind).removeprefix("torch.")
    try:
        return np.dtype(name)
    except TypeError:  # bfloat16
        return None


def _reason(error: Exception) -> str:
    """What PyTorch says, without its traceback of the script."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = [line for line in lines if line.startswith(("RuntimeError: ", "Error: "))]
    return reason(RuntimeError(told[-1].partition(": ")[2] if told else lines[0] if lines else ""))
