"""The network of the mini edition in torch: BERT's encoder, a head for spans, first weights, loss, step of training.

Imported by ``tools/mini_bert.py``; never at run time, where the exported ONNX file is used. The training suite's
``bert`` takes the encoder and puts the heads of pretraining on it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from levelfield.workloads.question_answering.batches import Batch

__all__ = ["BERT_LARGE", "Encoder", "Layer", "Shape", "SpanModel", "Trainee", "mini_shape", "train_step"]

MASKED = -10000.0
"""Added to the attention scores of filling, as BERT does."""
SUPPORT_WEIGHT = 2.0
"""Of the loss on sentences, beside the loss on spans."""
MOST_GRADIENT = 1.0
"""Norm to which gradients are clipped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The sizes of an encoder."""

    vocabulary: int
    positions: int
    layers: int
    width: int
    heads: int
    inner: int
    """Width inside the feed-forward part."""
    dropout: float
    gelu: str = "none"
    """How its function is approximated, in torch's words: ``none``, or ``tanh`` as TensorFlow's BERT was trained."""


BERT_LARGE = Shape(vocabulary=30522, positions=512, layers=24, width=1024, heads=16, inner=4096, dropout=0.1)
"""The full edition's (language/bert/bert_config.json, tag v2.0)."""


def mini_shape(vocabulary: int, positions: int) -> Shape:
    """The mini edition's."""
    return Shape(vocabulary=vocabulary, positions=positions, layers=4, width=64, heads=4, inner=256, dropout=0.0)


class Layer(nn.Module):
    """Attention and feed-forward, each added to its input and then normalised (post-LN)."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads, self.head_width = shape.heads, shape.width // shape.heads
        self.query = nn.Linear(shape.width, shape.width)
        self.key = nn.Linear(shape.width, shape.width)
        self.value = nn.Linear(shape.width, shape.width)
        self.mixed = nn.Linear(shape.width, shape.width)
        self.mixed_norm = nn.LayerNorm(shape.width, eps=1e-12)
        self.inner = nn.Linear(shape.width, shape.inner)
        self.outer = nn.Linear(shape.inner, shape.width)
        self.outer_norm = nn.LayerNorm(shape.width, eps=1e-12)
        self.dropout = nn.Dropout(shape.dropout)
        self.gelu = shape.gelu

    def forward(self, x: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        """(batch, tokens, width) with bias (batch, 1, 1, tokens) to (batch, tokens, width)."""
        batch, tokens = x.shape[:2]

        def split(y: torch.Tensor) -> torch.Tensor:
            return y.view(batch, tokens, self.heads, self.head_width).transpose(1, 2)

        query, key, value = split(self.query(x)), split(self.key(x)), split(self.value(x))
        mixed = self._attended(query, key, value, bias).transpose(1, 2).flatten(2)
        x = self.mixed_norm(x + self.dropout(self.mixed(mixed)))
        added: torch.Tensor = self.outer_norm(
            x + self.dropout(self.outer(functional.gelu(self.inner(x), approximate=self.gelu)))
        )
        return added

    def _attended(
        self, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, bias: torch.Tensor
    ) -> torch.Tensor:
        """(batch, heads, tokens, width of a head); on a GPU by its fused kernels, which keep no scores in memory."""
        if query.is_cuda:
            seen = (bias > MASKED / 2).expand(-1, -1, query.shape[2], -1)
            dropped = self.dropout.p if self.training else 0.0
            return functional.scaled_dot_product_attention(query, key, value, attn_mask=seen, dropout_p=dropped)
        scores = query @ key.transpose(-1, -2) / math.sqrt(self.head_width) + bias
        mixed: torch.Tensor = self.dropout(scores.softmax(-1)) @ value
        return mixed


class Encoder(nn.Module):
    """Embeddings of tokens, positions and segments, and the layers."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.tokens = nn.Embedding(shape.vocabulary, shape.width)
        self.positions = nn.Embedding(shape.positions, shape.width)
        self.segments = nn.Embedding(2, shape.width)
        self.norm = nn.LayerNorm(shape.width, eps=1e-12)
        self.dropout = nn.Dropout(shape.dropout)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))

    def forward(self, ids: torch.Tensor, mask: torch.Tensor, segments: torch.Tensor) -> torch.Tensor:
        """Three (batch, tokens) int64 to (batch, tokens, width)."""
        places = torch.arange(ids.shape[1], device=ids.device)
        x: torch.Tensor = self.dropout(self.norm(self.tokens(ids) + self.positions(places) + self.segments(segments)))
        bias = (1.0 - mask[:, None, None, :].to(x.dtype)) * MASKED
        for layer in self.layers:
            x = layer(x, bias)
        return x


class SpanModel(nn.Module):
    """An encoder, and for every token how well an answer starts and ends there."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.encoder = Encoder(shape)
        self.spans = nn.Linear(shape.width, 2)

    def forward(
        self, ids: torch.Tensor, mask: torch.Tensor, segments: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Three (batch, tokens) int64 to start and end logits, (batch, tokens) float32 each."""
        logits = self.spans(self.encoder(ids, mask, segments))
        return logits[..., 0], logits[..., 1]


class Trainee(nn.Module):
    """A span model that also says which sentence holds the answer.

    That second task is for training alone: it teaches every token of a passage in each step, two logits only a few.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.model = SpanModel(shape)
        self.support = nn.Linear(shape.width, 1)

    def forward(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """The loss to be made small, and the part of it that is on spans: cross-entropy, mean of start and end."""
        ids, mask, segments = batch.inputs.unbind(1)
        hidden = self.model.encoder(ids, mask, segments)
        logits = self.model.spans(hidden) + (mask[..., None] == 0) * MASKED
        spans = (
            functional.cross_entropy(logits[..., 0], batch.positions[:, 0])
            + functional.cross_entropy(logits[..., 1], batch.positions[:, 1])
        ) / 2
        support = functional.binary_cross_entropy_with_logits(self.support(hidden)[..., 0], batch.support.float())
        return spans + SUPPORT_WEIGHT * support, spans

    def groups(self, learning_rate: float) -> Iterable[dict[str, object]]:
        """The parameters for the optimiser: embeddings of tokens learn three times as fast."""
        tokens = self.model.encoder.tokens.weight
        yield {"params": [parameter for parameter in self.parameters() if parameter is not tokens], "lr": learning_rate}
        yield {"params": [tokens], "lr": 3 * learning_rate}

    @torch.no_grad()
    def initialise(self) -> None:
        """Weights to start from, by torch's generator.

        A minute of training is too short to find out from nothing that a name in the question and the same name in the
        passage belong together, and that words next to each other do. So both are there from the start, and are free
        to change: three quarters of the width hold the token, one quarter its place as sines and cosines; query and
        key are equal, half of the heads look at the token part (equal tokens find each other), half at the place part
        (neighbours do).
        """
        encoder = self.model.encoder
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=1 / math.sqrt(encoder.tokens.embedding_dim))
                nn.init.zeros_(module.bias)
        width = encoder.tokens.embedding_dim
        place = width // 4
        nn.init.normal_(encoder.tokens.weight, std=0.3)
        encoder.tokens.weight[:, width - place :] = 0
        nn.init.normal_(encoder.segments.weight, std=0.1)
        angles = torch.arange(encoder.positions.num_embeddings)[:, None] / 60 ** torch.arange(0, 1, 2 / place)
        encoder.positions.weight.zero_()
        encoder.positions.weight[:, width - place :: 2] = 1.5 * angles.sin()
        encoder.positions.weight[:, width - place + 1 :: 2] = 1.5 * angles.cos()
        for layer in encoder.layers:
            assert isinstance(layer, Layer)
            weight = torch.randn(width, width) * 0.02
            half = width // 2
            weight[:half, : width - place] += 1.3 * torch.randn(half, width - place) / math.sqrt(width - place)
            weight[half:, width - place :] += 1.5 * torch.randn(width - half, place) / math.sqrt(place)
            layer.query.weight.copy_(weight)
            layer.key.weight.copy_(weight)


def train_step(trainee: Trainee, optimiser: torch.optim.Optimizer, batch: Batch) -> float:
    """One step down the gradient; gives the loss on spans."""
    loss, spans = trainee(batch)
    optimiser.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(trainee.parameters(), MOST_GRADIENT)
    optimiser.step()
    return float(spans.detach())
