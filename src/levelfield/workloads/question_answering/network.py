"""The network of the mini edition in torch: BERT's encoder and a head for spans, the loss, and one step of training.

Imported by ``tools/mini_bert.py`` and by training; never at run time, where the exported ONNX file is used.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

__all__ = ["BERT_LARGE", "Encoder", "Shape", "SpanModel", "mini_shape"]

MASKED = -10000.0
"""Added to the attention scores of filling, as BERT does."""


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


BERT_LARGE = Shape(vocabulary=30522, positions=512, layers=24, width=1024, heads=16, inner=4096, dropout=0.1)
"""language/bert/bert_config.json, tag v2.0."""


def mini_shape(vocabulary: int, positions: int) -> Shape:
    """The mini edition's."""
    return Shape(vocabulary=vocabulary, positions=positions, layers=3, width=64, heads=4, inner=256, dropout=0.0)


class Layer(nn.Module):
    """Attention and feed-forward, each added to its input and then normalised (post-LN)."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.query = nn.Linear(shape.width, shape.width)
        self.key = nn.Linear(shape.width, shape.width)
        self.value = nn.Linear(shape.width, shape.width)
        self.mixed = nn.Linear(shape.width, shape.width)
        self.mixed_norm = nn.LayerNorm(shape.width, eps=1e-12)
        self.inner = nn.Linear(shape.width, shape.inner)
        self.outer = nn.Linear(shape.inner, shape.width)
        self.outer_norm = nn.LayerNorm(shape.width, eps=1e-12)
        self.dropout = nn.Dropout(shape.dropout)

    def forward(self, x: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        """(batch, tokens, width) with bias (batch, 1, 1, tokens) to (batch, tokens, width)."""
        batch, tokens, width = x.shape

        def split(y: torch.Tensor) -> torch.Tensor:
            return y.view(batch, tokens, self.heads, width // self.heads).transpose(1, 2)

        q, k, v = split(self.query(x)), split(self.key(x)), split(self.value(x))
        scores = q @ k.transpose(-1, -2) / (width // self.heads) ** 0.5 + bias
        mixed = (self.dropout(scores.softmax(-1)) @ v).transpose(1, 2).reshape(batch, tokens, width)
        x = self.mixed_norm(x + self.dropout(self.mixed(mixed)))
        return self.outer_norm(x + self.dropout(self.outer(functional.gelu(self.inner(x)))))


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
        x = self.dropout(self.norm(self.tokens(ids) + self.positions(places) + self.segments(segments)))
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
