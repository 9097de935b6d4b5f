"""Forward and backward passes in a shorter number format, for :class:`~levelfield.training.port.Training` to use.

Weights and their updates stay in fp32. bf16 has the range of fp32 and needs no care; with fp16 the loss is scaled up
before the backward pass so that small gradients do not vanish, and a step whose gradients overflowed is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch

from levelfield.errors import MissingError
from levelfield.training.port import NumberFormat

__all__ = ["Arithmetic"]


class Arithmetic:
    """One number format on one device.

    Args:
        number_format: Of forward and backward passes.
        device: As torch names it.

    Raises:
        MissingError: The device cannot compute in it.
    """

    def __init__(self, number_format: NumberFormat, device: str) -> None:
        self.number_format = number_format
        self._kind = torch.device(device).type
        if number_format is NumberFormat.BF16 and self._kind == "cuda" and not torch.cuda.is_bf16_supported():
            raise MissingError(f"{device} cannot compute in bf16.", hint="Use --precision fp16, or fp32.")
        self._scaler = torch.amp.GradScaler(self._kind) if number_format is NumberFormat.FP16 else None

    def forward(self) -> AbstractContextManager[Any]:
        """Around the forward pass and the loss."""
        match self.number_format:
            case NumberFormat.FP32:
                return nullcontext()
            case NumberFormat.BF16:
                return torch.autocast(self._kind, torch.bfloat16)
            case NumberFormat.FP16:
                return torch.autocast(self._kind, torch.float16)

    def backward(self, loss: torch.Tensor) -> None:
        """Gradients of a loss, scaled where the format needs it."""
        (self._scaler.scale(loss) if self._scaler else loss).backward()

    def step(
        self,
        optimizer: torch.optim.Optimizer,
        *,
        clip_norm: float | None = None,
        parameters: Iterable[torch.nn.Parameter] = (),
    ) -> None:
        """Move the weights.

        Args:
            optimizer: With the gradients of :meth:`backward`.
            clip_norm: The most that the norm over all ``parameters`` may be.
            parameters: What is clipped.
        """
        if self._scaler:
            self._scaler.unscale_(optimizer)
        if clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(parameters, clip_norm)
        if self._scaler:
            self._scaler.step(optimizer)
            self._scaler.update()
        else:
            optimizer.step()

    def state(self) -> Mapping[str, Any]:
        """The scale of the loss, for :meth:`~levelfield.training.port.Training.state`."""
        return self._scaler.state_dict() if self._scaler else {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on with a scale."""
        if self._scaler:
            self._scaler.load_state_dict(dict(state))
