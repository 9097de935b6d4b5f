"""The recurrent transducer (RNN-T) in torch: encoder, prediction, joint, their loss, and one step of training.

Defined once: ``tools/mini_rnnt.py`` trains and exports it, the training suite times it. Running a benchmark needs none
of this. The architecture is the reference's (mlcommons/inference, tag v2.0,
speech_recognition/rnnt/pytorch/model_separable_rnnt.py) with sizes as arguments; :data:`FULL` has the official ones.

One thing is added: the encoder zeroes what lies behind the end of an utterance before it stacks time steps, so that an
utterance gives the same result in a batch as alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

__all__ = ["FULL", "MINI", "Encoder", "Joint", "Prediction", "Sizes", "Transducer", "training_step", "transducer_loss"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Widths and depths of the three networks."""

    features: int
    encoder_width: int
    before_stacking: int
    """LSTM layers before two time steps are put side by side."""
    after_stacking: int
    prediction_width: int
    prediction_layers: int
    joint_width: int
    classes: int
    """Labels and the blank, which is the last."""


FULL = Sizes(
    features=240,
    encoder_width=1024,
    before_stacking=2,
    after_stacking=3,
    prediction_width=320,
    prediction_layers=2,
    joint_width=512,
    classes=29,
)
"""configs/rnnt.toml of the reference."""
MINI = Sizes(
    features=240,
    encoder_width=96,
    before_stacking=1,
    after_stacking=1,
    prediction_width=40,
    prediction_layers=1,
    joint_width=64,
    classes=14,
)


class Encoder(nn.Module):
    """LSTM, pairs of time steps side by side, LSTM."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        width = sizes.encoder_width
        self.before = nn.LSTM(sizes.features, width, sizes.before_stacking)
        self.after = nn.LSTM(2 * width, width, sizes.after_stacking)

    def forward(self, features: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(rows, batch, features) and (batch,) int64 to (batch, rows / 2 rounded up, width) and (batch,) int64."""
        x, _ = self.before(features)
        known = torch.arange(x.shape[0])[:, None] < lengths
        x = nn.functional.pad(x * known[..., None], (0, 0, 0, 0, 0, 1))
        count = x.shape[0] // 2  # an odd last step is paired with the zeros just added; an even count drops them
        x = torch.cat([x[0 : 2 * count : 2], x[1 : 2 * count : 2]], dim=2)
        x, _ = self.after(x)
        return x.transpose(0, 1), (lengths + 1) // 2


class Prediction(nn.Module):
    """What was said so far: an embedding and an LSTM. Label -1 is the start, and is embedded as zeros."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.embed = nn.Embedding(sizes.classes - 1, sizes.prediction_width)
        self.lstm = nn.LSTM(sizes.prediction_width, sizes.prediction_width, sizes.prediction_layers)

    def forward(
        self, labels: torch.Tensor, hidden: torch.Tensor, cell: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """(batch, labels) int64 and the state (layers, batch, width) twice to (batch, labels, width) and the state."""
        embedded = self.embed(labels.clamp(min=0)) * (labels >= 0)[..., None]
        x, (hidden, cell) = self.lstm(embedded.transpose(0, 1), (hidden, cell))
        return x.transpose(0, 1), hidden, cell


class Joint(nn.Module):
    """Both together: the scores of every label and the blank."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.hidden = nn.Linear(sizes.prediction_width + sizes.encoder_width, sizes.joint_width)
        self.scores = nn.Linear(sizes.joint_width, sizes.classes)
        self.split = sizes.encoder_width

    def forward(self, encoded: torch.Tensor, predicted: torch.Tensor) -> torch.Tensor:
        """(batch, steps, width) and (batch, labels, width) to (batch, steps, labels, classes).

        One linear layer over both side by side, computed as the sum of its two halves: no product of all pairs.
        """
        from_encoder = nn.functional.linear(encoded, self.hidden.weight[:, : self.split], self.hidden.bias)
        from_prediction = nn.functional.linear(predicted, self.hidden.weight[:, self.split :])
        scores: torch.Tensor = self.scores(torch.relu(from_encoder[:, :, None] + from_prediction[:, None]))
        return scores


class Transducer(nn.Module):
    """The whole, as it is trained. Forget gates start open (bias 1 in all, as the reference has it)."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.sizes = sizes
        self.encoder, self.prediction, self.joint = Encoder(sizes), Prediction(sizes), Joint(sizes)
        for lstm in (self.encoder.before, self.encoder.after, self.prediction.lstm):
            for name, values in lstm.named_parameters():
                if "bias" in name:
                    forget = slice(lstm.hidden_size, 2 * lstm.hidden_size)
                    nn.init.constant_(values.data[forget], 1.0 if "bias_ih" in name else 0.0)

    def forward(
        self, features: torch.Tensor, lengths: torch.Tensor, labels: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """(rows, batch, features), (batch,), (batch, labels) to (batch, steps, labels + 1, classes) and (batch,)."""
        encoded, steps = self.encoder(features, lengths)
        start = torch.full((len(labels), 1), -1)
        state = torch.zeros(self.sizes.prediction_layers, len(labels), self.sizes.prediction_width, dtype=encoded.dtype)
        predicted, _, _ = self.prediction(torch.cat([start, labels], dim=1), state, state)
        return self.joint(encoded, predicted), steps


def transducer_loss(
    logits: torch.Tensor, steps: torch.Tensor, labels: torch.Tensor, counts: torch.Tensor
) -> torch.Tensor:
    """Minus the log probability of the labels, over all alignments (A. Graves, 2012), for each utterance.

    Only the steps are a loop. Within a step, with S the cumulated log probabilities of the labels, moving along the
    labels is ``alpha = S + logcumsumexp(alpha_before + blank_before - S)``.

    Args:
        logits: (batch, steps, labels + 1, classes), the blank last.
        steps: (batch,), how many count.
        labels: (batch, labels) int64, filled up with any label.
        counts: (batch,), how many count.

    Returns:
        (batch,).
    """
    scores = logits.log_softmax(dim=-1)
    blank = scores[..., -1]  # (batch, steps, labels + 1)
    chosen = labels[:, None, :, None].expand(-1, scores.shape[1], -1, 1)
    emitted = scores[:, :, :-1].gather(3, chosen).squeeze(3)  # (batch, steps, labels)
    along = nn.functional.pad(emitted.cumsum(dim=2), (1, 0))  # S, starting with 0
    alpha = along[:, 0]
    alphas = [alpha]
    for step in range(1, scores.shape[1]):
        now = along[:, step]
        alpha = now + torch.logcumsumexp(alpha + blank[:, step - 1] - now, dim=1)
        alphas.append(alpha)
    rows = torch.arange(len(labels))
    last = torch.stack(alphas, dim=1)[rows, steps - 1, counts]
    return -(last + blank[rows, steps - 1, counts])


def training_step(
    model: Transducer,
    optimizer: torch.optim.Optimizer,
    batch: Sequence[torch.Tensor],
    *,
    largest_gradient: float = 1.0,
) -> float:
    """One step on features, lengths, labels and counts; the mean loss of an utterance before it."""
    features, lengths, labels, counts = batch
    logits, steps = model(features, lengths, labels)
    loss = transducer_loss(logits, steps, labels, counts).mean()
    optimizer.zero_grad()
    torch.autograd.backward(loss)
    nn.utils.clip_grad_norm_(model.parameters(), largest_gradient)
    optimizer.step()
    return float(loss.detach())
