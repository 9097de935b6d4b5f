"""The weights that a full run of BERT starts from: the published checkpoint of phase 1, as TensorFlow wrote it.

Weights alone are taken; the moments of the optimizer that the file also holds are not (reference, ``optimization.py``).
"""

from __future__ import annotations

from pathlib import Path

import torch

from levelfield.errors import FormatError, InputError, ModelError
from levelfield.formats.tf_checkpoint import Checkpoint, open_checkpoint
from levelfield.training.benchmarks.bert.network import Pretraining, named_tensors

__all__ = ["load_checkpoint"]

_SHOWN = 10


@torch.no_grad()
def load_checkpoint(model: Pretraining, prefix: Path) -> None:
    """Put the tensors of a checkpoint in place.

    Args:
        model: Of the size of the checkpoint.
        prefix: What its files begin with: ``model.ckpt-28252``.

    Raises:
        ModelError: It cannot be read, or lacks tensors, or has others; all of them are named.
    """
    try:
        checkpoint = open_checkpoint(prefix)
        _require_tensors(model, checkpoint)
        for tensor in named_tensors(model):
            values = torch.tensor(checkpoint.read(tensor.name))
            tensor.parameter.copy_(values.T if tensor.is_kernel else values)
    except FormatError as error:
        raise ModelError(f"The checkpoint {prefix} is damaged: {error.message}") from error
    except ModelError:
        raise
    except InputError as error:
        hint = "Give what the names of its files begin with: model.ckpt-28252."
        raise ModelError(f"The checkpoint {prefix} cannot be used: {error.message}", hint=hint) from error


def _require_tensors(model: Pretraining, checkpoint: Checkpoint) -> None:
    problems = []
    for tensor in named_tensors(model):
        stored = checkpoint.tensors.get(tensor.name)
        if stored is None:
            problems.append(f"{tensor.name}: missing")
        elif stored.shape != tensor.shape:
            problems.append(f"{tensor.name}: found {stored.shape}, expected {tensor.shape}")
    if problems:
        more = [f"and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else []
        raise ModelError(
            f"{checkpoint.prefix} is not a checkpoint of this network.", problems=[*problems[:_SHOWN], *more]
        )
