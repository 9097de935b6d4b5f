"""The recurrent transducer (RNN-T) in torch: encoder, prediction, joint, their loss, and one step of training.

Defined once: ``tools/mini_rnnt.py`` trains and exports it, the training suite times it. Running a benchmark needs none
of this. Layers and the names of their weights are those of the training reference (mlcommons/training at 4a4d5a0,
rnn_speech_recognition/pytorch/rnnt/model.py, common/rnn.py). That of the inference round differs in one thing: its
joint network has one linear layer over both vectors side by side, which is the same function as the sum of two.

One thing is added: the encoder zeroes what lies behind the end of an utterance before it stacks time steps, so that an
utterance gives the same result in a batch as alone.
"""

from __future__ import annotations

import torch
from torch import nn

from levelfield.workloads.speech_recognition.batches import Batch
from levelfield.workloads.speech_recognition.sizes import FULL, MINI, TRAINING, Sizes

__all__ = [
    "FULL",
    "MINI",
    "TRAINING",
    "Encoder",
    "Joint",
    "Prediction",
    "Recurrent",
    "Sizes",
    "Transducer",
    "training_step",
    "transducer_loss",
]

State = tuple[torch.Tensor, torch.Tensor]


class Recurrent(nn.Module):
    """LSTM layers with dropout after each, the last one too."""

    def __init__(self, inputs: int, width: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.lstm = nn.LSTM(inputs, width, layers, dropout=dropout if layers > 1 else 0.0)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: torch.Tensor, state: State | None = None) -> tuple[torch.Tensor, State]:
        """(time, batch, inputs) to (time, batch, width) and the state (layers, batch, width) twice."""
        x, state = self.lstm(x, state)
        return self.dropout(x), state


class Encoder(nn.Module):
    """LSTM, pairs of time steps side by side, LSTM."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        width, dropout = sizes.encoder_width, sizes.encoder_dropout
        self.pre_rnn = Recurrent(sizes.features, width, sizes.before_stacking, dropout)
        self.post_rnn = Recurrent(2 * width, width, sizes.after_stacking, dropout)

    def forward(self, features: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(rows, batch, features) and (batch,) int64 to (batch, rows / 2 rounded up, width) and (batch,) int64."""
        x, _ = self.pre_rnn(features)
        known = torch.arange(x.shape[0], device=lengths.device)[:, None] < lengths
        x = nn.functional.pad(x * known[..., None], (0, 0, 0, 0, 0, 1))
        count = x.shape[0] // 2  # an odd last step is paired with the zeros just added; an even count drops them
        x = torch.cat([x[0 : 2 * count : 2], x[1 : 2 * count : 2]], dim=2)
        x, _ = self.post_rnn(x)
        return x.transpose(0, 1), (lengths + 1) // 2


class Prediction(nn.Module):
    """What was said so far: an embedding and an LSTM. Label -1 is the start, and is embedded as zeros."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        width = sizes.prediction_width
        self.embed = nn.Embedding(sizes.classes - 1, width)
        self.dec_rnn = Recurrent(width, width, sizes.prediction_layers, sizes.prediction_dropout)

    def forward(
        self, labels: torch.Tensor, hidden: torch.Tensor, cell: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """(batch, labels) int64 and the state (layers, batch, width) twice to (batch, labels, width) and the state."""
        embedded = self.embed(labels.clamp(min=0)) * (labels >= 0)[..., None]
        x, (hidden, cell) = self.dec_rnn(embedded.transpose(0, 1), (hidden, cell))
        return x.transpose(0, 1), hidden, cell


class Joint(nn.Module):
    """Both together: the scores of every label and the blank. Has no weights but those it is given."""

    def __init__(self, of_encoded: nn.Linear, of_predicted: nn.Linear, net: nn.Sequential) -> None:
        super().__init__()
        self.of_encoded, self.of_predicted, self.net = of_encoded, of_predicted, net

    def forward(self, encoded: torch.Tensor, predicted: torch.Tensor) -> torch.Tensor:
        """(batch, steps, width) and (batch, labels, width) to (batch, steps, labels, classes)."""
        scores: torch.Tensor = self.net(self.of_encoded(encoded)[:, :, None] + self.of_predicted(predicted)[:, None])
        return scores


class Transducer(nn.Module):
    """The whole, as it is trained.

    LSTMs begin as torch has it, with forget gates open: a bias of 1 in all. Then all their weights and biases are
    multiplied (``weights_init_scale`` of the reference).

    Args:
        sizes: Widths and depths.
        lstm_scale: What the LSTMs' first weights are multiplied by.
    """

    def __init__(self, sizes: Sizes, *, lstm_scale: float = 1.0) -> None:
        super().__init__()
        self.sizes = sizes
        self.encoder, self.prediction = Encoder(sizes), Prediction(sizes)
        self.joint_pred = nn.Linear(sizes.prediction_width, sizes.joint_width)
        self.joint_enc = nn.Linear(sizes.encoder_width, sizes.joint_width)
        self.joint_net = nn.Sequential(
            nn.ReLU(), nn.Dropout(sizes.joint_dropout), nn.Linear(sizes.joint_width, sizes.classes)
        )
        for recurrent in (self.encoder.pre_rnn, self.encoder.post_rnn, self.prediction.dec_rnn):
            for name, values in recurrent.lstm.named_parameters():
                if "bias" in name:
                    forget = slice(recurrent.lstm.hidden_size, 2 * recurrent.lstm.hidden_size)
                    nn.init.constant_(values.data[forget], 1.0 if "bias_ih" in name else 0.0)
                values.data *= lstm_scale

    @property
    def joint(self) -> Joint:
        """The joint network as a module of its own, to be called or exported."""
        return Joint(self.joint_enc, self.joint_pred, self.joint_net)

    def start(self, batch: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """What the prediction network reads first: (batch, 1) labels of -1 and zeros (layers, batch, width) twice."""
        weights = self.joint_pred.weight
        state = weights.new_zeros(self.sizes.prediction_layers, batch, self.sizes.prediction_width)
        return torch.full((batch, 1), -1, device=weights.device), state, state

    def forward(
        self, features: torch.Tensor, lengths: torch.Tensor, labels: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """(rows, batch, features), (batch,), (batch, labels) to (batch, steps, labels + 1, classes) and (batch,)."""
        encoded, steps = self.encoder(features, lengths)
        first, hidden, cell = self.start(len(labels))
        predicted, _, _ = self.prediction(torch.cat([first, labels], dim=1), hidden, cell)
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
    rows = torch.arange(len(labels), device=labels.device)
    last = torch.stack(alphas, dim=1)[rows, steps - 1, counts]
    return -(last + blank[rows, steps - 1, counts])


def training_step(
    model: Transducer,
    optimizer: torch.optim.Optimizer,
    batch: Batch,
    *,
    largest_gradient: float = 1.0,
) -> float:
    """One step of a batch; the mean loss of an utterance before it."""
    logits, steps = model(batch.features, batch.lengths, batch.labels)
    loss = transducer_loss(logits, steps, batch.labels, batch.counts).mean()
    optimizer.zero_grad()
    torch.autograd.backward(loss)
    nn.utils.clip_grad_norm_(model.parameters(), largest_gradient)
    optimizer.step()
    return float(loss.detach())
