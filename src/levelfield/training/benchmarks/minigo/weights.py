"""Weights in files: a numpy archive whose arrays have the names and layouts of the reference's TensorFlow variables.

Anybody who has the reference's checkpoint converts it in three lines (README); convolutions are (height, width, in,
out), dense layers (in, out), and ``global_step`` is the number of training steps so far, where the learning rate goes
on.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from levelfield.errors import ModelError
from levelfield.files import write_atomically
from levelfield.training.benchmarks.minigo.network import Architecture, DualNetwork

__all__ = ["load", "save", "variable_names", "variables"]

STEP = "global_step"


def load(path: Path, architecture: Architecture) -> tuple[DualNetwork, int]:
    """The network of a file, and its number of steps.

    Raises:
        ModelError: The file is missing or damaged, or its variables are not those of the architecture; all that is
            wrong is listed.
    """
    network = DualNetwork(architecture)
    tensors = dict(_tensors(network))
    found = _arrays(path)
    step = found.pop(STEP, np.zeros((), np.int64))
    expected = {name: tuple(_tf_layout(tensor.detach()).shape) for name, tensor in tensors.items()}
    problems = [f"{name}: missing, expected an array of shape {expected[name]}" for name in expected.keys() - found]
    problems += [f"{name}: not a variable of this network" for name in found.keys() - expected]
    for name in expected.keys() & found:
        array = found[name]
        if array.shape != expected[name]:
            problems.append(f"{name}: found shape {array.shape}, expected {expected[name]}")
        elif array.dtype.kind != "f" or not np.isfinite(array).all():
            problems.append(f"{name}: found {array.dtype} values, expected finite floating-point numbers")
    if step.size != 1 or step.dtype.kind not in "iu" or int(step.ravel()[0]) < 0:
        problems.append(f"{STEP}: found {step.tolist()!r:.40}, expected one integer from 0")
    if problems:
        raise ModelError(
            f"{path} does not hold the weights of this network ({architecture}).",
            problems=sorted(problems),
            hint="The names and layouts are in the README of the benchmark; a checkpoint is converted in three lines.",
        )
    with torch.no_grad():
        for name, tensor in tensors.items():
            array = np.ascontiguousarray(found[name], dtype=np.float32)
            tensor.copy_(_torch_layout(torch.from_numpy(array)))
    return network, int(step.ravel()[0])


def save(network: DualNetwork, step: int, path: Path) -> None:
    """Write a network to a file that :func:`load` reads."""
    buffer = io.BytesIO()
    arrays: dict[str, Any] = {**variables(network), STEP: np.array(step, dtype=np.int64)}
    np.savez_compressed(buffer, **arrays)
    write_atomically(path, buffer.getvalue())


def variables(network: DualNetwork) -> dict[str, NDArray[np.float32]]:
    """The weights and the running statistics of a network by the names of the reference, in its layouts."""
    return {name: np.ascontiguousarray(_tf_layout(tensor.detach()).numpy()) for name, tensor in _tensors(network)}


def variable_names(network: DualNetwork) -> tuple[str, ...]:
    """What the log lists under ``weights_initialization``: what is trained, and the step; 48 in the full edition."""
    running = ("moving_mean", "moving_variance")
    return (*sorted(name for name, _ in _tensors(network) if not name.endswith(running)), STEP)


def _arrays(path: Path) -> dict[str, NDArray[np.generic]]:
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except FileNotFoundError as error:
        raise ModelError(f"The weights {path} are missing: no such file.") from error
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, AttributeError) as error:
        raise ModelError(
            f"The weights {path} cannot be read: found {error}, expected a numpy archive (.npz)."
        ) from error


def _tensors(network: DualNetwork) -> Iterator[tuple[str, torch.Tensor]]:
    """Name and tensor of each variable; TensorFlow numbers layers of a kind in the order in which they are made."""
    convolutions: list[nn.Conv2d] = [network.conv]
    norms: list[nn.BatchNorm2d] = [network.norm]
    for block in network.blocks:
        convolutions += [block.conv1, block.conv2]
        norms += [block.norm1, block.norm2]
    convolutions += [network.policy_conv, network.value_conv]
    norms += [network.policy_norm, network.value_norm]
    for number, convolution in enumerate(convolutions):
        yield f"{_numbered('conv2d', number)}/kernel", convolution.weight
    for number, norm in enumerate(norms):
        scope = _numbered("batch_normalization", number)
        if norm.affine:
            yield f"{scope}/gamma", norm.weight
            yield f"{scope}/beta", norm.bias
        yield f"{scope}/moving_mean", norm.running_mean
        yield f"{scope}/moving_variance", norm.running_var
    for number, dense in enumerate((network.policy, network.value_hidden, network.value)):
        scope = _numbered("dense", number)
        yield f"{scope}/kernel", dense.weight
        yield f"{scope}/bias", dense.bias


def _numbered(kind: str, number: int) -> str:
    return f"{kind}_{number}" if number else kind


def _tf_layout(tensor: torch.Tensor) -> torch.Tensor:
    match tensor.dim():
        case 4:
            return tensor.permute(2, 3, 1, 0)
        case 2:
            return tensor.T
        case _:
            return tensor


def _torch_layout(tensor: torch.Tensor) -> torch.Tensor:
    match tensor.dim():
        case 4:
            return tensor.permute(3, 2, 0, 1)
        case 2:
            return tensor.T
        case _:
            return tensor
