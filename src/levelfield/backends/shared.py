"""What the backends share: one look at the file, at the options, at the arrays, and the errors for each."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue
from types import ModuleType
from typing import Generic, TypeVar

import numpy as np

from levelfield.backends import Backend
from levelfield.backends.port import Arithmetic, BackendOptions, NamedArrays, TensorInfo, listed
from levelfield.errors import MissingError, ModelError, SettingsError
from levelfield.files import sha256_of

__all__ = [
    "Pool",
    "described",
    "did_not_run",
    "installed",
    "not_loaded",
    "quiet_loading",
    "reason",
    "require_file",
    "require_inputs",
    "require_options",
]

Call = TypeVar("Call")


class Pool(Generic[Call]):
    """Instances of a loaded model, of which each caller takes one for the time of a call."""

    def __init__(self, instances: Iterable[Call]) -> None:
        self._free: SimpleQueue[Call] = SimpleQueue()
        for instance in instances:
            self._free.put(instance)
        self.take, self.give_back = self._free.get, self._free.put


def installed(name: str, *, package: str, extra: str | None) -> ModuleType:
    """The module of a runtime.

    Args:
        name: Of the module.
        package: What is installed to have it.
        extra: Of levelfield, which names the package and its least version; ``None`` = needed anyway.

    Raises:
        MissingError: It is not installed, or does not load.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        if isinstance(error.__cause__, KeyboardInterrupt):  # Ctrl-C while it was loaded
            raise KeyboardInterrupt from error
        raise MissingError(
            f"{package} is not installed, or does not load here: {error}.",
            hint=f"pip install 'levelfield[{extra}]'" if extra else f"pip install {package}",
        ) from error


def require_file(model: Path, what: str, backend: Backend) -> None:
    """A model file must be there, and not be of a kind that only other backends read.

    Raises:
        ModelError: It is not, or is a folder, or is such a file.
    """
    if not model.is_file():
        found = "is a folder" if model.is_dir() else "is not there"
        raise ModelError(f"{model} {found}: a model file was expected.", hint=f"Give {what} with --model.")
    suffix = model.suffix.lower()
    readers = [other for other in Backend if suffix in other.suffixes]
    if readers and backend not in readers:
        raise ModelError(
            f"{model} is not for the backend {backend}, which reads {', '.join(backend.suffixes)}.",
            hint=f"{suffix} files are read by {' and '.join(readers)}. Or give {what} with --model.",
        )


def require_options(
    backend: str, options: BackendOptions, *, arithmetics: tuple[Arithmetic, ...] = (Arithmetic.MODEL,)
) -> None:
    """Options of the default backend that this one lacks must be at their default.

    Raises:
        SettingsError: Some are not; all are named.
    """
    problems = []
    if options.inter_op_threads != 1:
        problems.append(f"inter_op_threads: found {options.inter_op_threads}; {backend} has threads within operators")
    if options.spinning:
        problems.append(f"spinning: found on; {backend} does not let anyone choose")
    if options.arithmetic not in arithmetics:
        problems.append(f"arithmetic: found {options.arithmetic}; {backend} computes in the types of the model file")
    if problems:
        raise SettingsError(f"The backend {backend} does not have these options.", problems=problems)


def require_inputs(model: Path, expected: Sequence[TensorInfo], arrays: NamedArrays) -> None:
    """One fitting array for each input: for runtimes that convert, ignore or crash on what does not fit.

    Raises:
        ModelError: A name, shape or type is another.
    """
    if len(arrays) == len(expected):
        for tensor in expected:
            array = arrays.get(tensor.name)
            if array is None or not tensor.takes(array):
                break
        else:
            return
    raise did_not_run(model, expected, arrays, "the inputs do not fit")


def did_not_run(model: Path, expected: Sequence[TensorInfo], arrays: NamedArrays, why: str) -> ModelError:
    """The error for a call that the runtime refused."""
    found = [
        TensorInfo(name=name, shape=np.shape(array), dtype=np.asarray(array).dtype) for name, array in arrays.items()
    ]
    return ModelError(
        f"{model} did not run: {why}.",
        problems=[f"inputs expected: {listed(expected)}", f"inputs found: {listed(found)}"],
    )


def not_loaded(model: Path, runtime: str, why: str, *, hint: str) -> ModelError:
    """The error for a file that the runtime cannot load."""
    return ModelError(f"{model} cannot be loaded by {runtime}: {why}.", hint=hint)


@contextmanager
def quiet_loading() -> Iterator[None]:
    """Keep what a runtime's own code writes to standard error off the terminal, while it loads a model.

    For runtimes without a setting for it; what fails comes back as an exception anyway.
    """
    with suppress(OSError, ValueError, AttributeError):
        sys.stderr.flush()
    try:
        kept = os.dup(2)
    except OSError:  # no standard error at all
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def reason(error: BaseException) -> str:
    """The runtime's words on one line, without a final stop."""
    return " ".join(str(error).split()).rstrip(". ") or type(error).__name__


def described(backend: str, version: str, provider: str, model: Path, options: BackendOptions) -> dict[str, str]:
    """What every session says of itself."""
    return {
        "backend": backend,
        "version": version,
        "provider": provider,
        "threads": str(options.threads),
        "instances": str(options.instances),
        "arithmetic": "as the model says" if options.arithmetic is Arithmetic.MODEL else options.arithmetic.value,
        "model": model.name,
        "sha256": sha256_of(model),
    }
