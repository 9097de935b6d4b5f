"""BERT with its two heads, and the reference's names of its tensors.

The encoder is the one that question answering has; here tokens are guessed by the embeddings of all tokens (the output
layer is tied to them), and the first token says whether the second segment follows the first.
Source: mlcommons/training at 4a4d5a0, language_model/tensorflow/bert: ``modeling.py``, ``run_pretraining.py``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import nn
from torch.nn import functional

from levelfield.errors import SettingsError
from levelfield.training.benchmarks.bert.grammar import VOCABULARY
from levelfield.training.benchmarks.bert.settings import Settings
from levelfield.training.port import Edition
from levelfield.workloads.question_answering.network import BERT_LARGE, Encoder, Layer, Shape

__all__ = ["FULL", "Named", "Pretraining", "flops_per_example", "log_names", "named_tensors", "shape_of"]

FULL = replace(BERT_LARGE, gelu="tanh")
"""``bert_config.json``: 24 layers, 1024 wide, 16 heads, 4096 inside, 30,522 tokens, 512 positions."""
_DEVIATION = 0.02
"""``initializer_range`` of a network 1024 wide; draws beyond twice that are made anew."""


def _mini_shape(vocabulary: int, positions: int) -> Shape:
    """The mini edition's."""
    return Shape(
        vocabulary=vocabulary, positions=positions, layers=2, width=64, heads=4, inner=256, dropout=0.0, gelu="tanh"
    )


class Pretraining(nn.Module):
    """Encoder and heads."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.encoder = Encoder(shape)
        self.pooler = nn.Linear(shape.width, shape.width)
        self.transform = nn.Linear(shape.width, shape.width)
        self.transform_norm = nn.LayerNorm(shape.width, eps=1e-12)
        self.output_bias = nn.Parameter(torch.zeros(shape.vocabulary))
        self.next_sentence = nn.Linear(shape.width, 2)

    def forward(
        self, ids: torch.Tensor, mask: torch.Tensor, segments: torch.Tensor, positions: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Guess.

        Args:
            ids: (pairs, length) int64 token numbers.
            mask: (pairs, length), 0 for filling.
            segments: (pairs, length), 0 or 1.
            positions: (pairs, predictions) int64, where tokens are hidden.

        Returns:
            (pairs, predictions, vocabulary) logits of the hidden tokens, and (pairs, 2): follows, is from elsewhere.
        """
        hidden = self.encoder(ids, mask, segments)
        at = positions[..., None].expand(-1, -1, hidden.shape[-1])
        chosen = functional.gelu(self.transform(hidden.gather(1, at)), approximate=self.shape.gelu)
        tokens = functional.linear(self.transform_norm(chosen), self.encoder.tokens.weight, self.output_bias)
        return tokens, self.next_sentence(torch.tanh(self.pooler(hidden[:, 0])))

    @torch.no_grad()
    def initialise(self) -> None:
        """Weights as the reference draws them, by torch's generator: a cut normal distribution, biases 0.

        A narrower network sums fewer products, and draws them as much larger as the root of that ratio.
        """
        deviation = _DEVIATION * math.sqrt(FULL.width / self.shape.width)
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.Embedding):
                nn.init.trunc_normal_(module.weight, std=deviation, a=-2 * deviation, b=2 * deviation)
            if isinstance(module, nn.Linear):
                nn.init.zeros_(module.bias)


def shape_of(edition: Edition, settings: Settings) -> Shape:
    """The sizes of an edition.

    Raises:
        SettingsError: The examples are longer than the network has positions for.
    """
    if edition is Edition.MINI:
        return _mini_shape(VOCABULARY.size, settings.max_sequence_length)
    if settings.max_sequence_length > FULL.positions:
        found = f"max_sequence_length: found {settings.max_sequence_length}, expected {FULL.positions} or less"
        raise SettingsError("bert cannot be trained like this.", problems=[found])
    return FULL


@dataclass(frozen=True, slots=True)
class Named:
    """A parameter and what the reference calls it."""

    name: str
    parameter: nn.Parameter
    is_kernel: bool
    """TensorFlow keeps (inputs, outputs) what torch keeps (outputs, inputs)."""

    @property
    def shape(self) -> tuple[int, ...]:
        """As the reference has it."""
        shape = tuple(self.parameter.shape)
        return shape[::-1] if self.is_kernel else shape


def named_tensors(model: Pretraining) -> Iterator[Named]:
    """Every parameter by its name in the reference's checkpoint; the tied output layer is none of its own."""
    encoder = model.encoder
    yield Named("bert/embeddings/word_embeddings", encoder.tokens.weight, is_kernel=False)
    yield Named("bert/embeddings/position_embeddings", encoder.positions.weight, is_kernel=False)
    yield Named("bert/embeddings/token_type_embeddings", encoder.segments.weight, is_kernel=False)
    yield from _norm("bert/embeddings", encoder.norm)
    for number, layer in enumerate(encoder.layers):
        assert isinstance(layer, Layer)
        prefix = f"bert/encoder/layer_{number}"
        yield from _dense(f"{prefix}/attention/self/query", layer.query)
        yield from _dense(f"{prefix}/attention/self/key", layer.key)
        yield from _dense(f"{prefix}/attention/self/value", layer.value)
        yield from _dense(f"{prefix}/attention/output/dense", layer.mixed)
        yield from _norm(f"{prefix}/attention/output", layer.mixed_norm)
        yield from _dense(f"{prefix}/intermediate/dense", layer.inner)
        yield from _dense(f"{prefix}/output/dense", layer.outer)
        yield from _norm(f"{prefix}/output", layer.outer_norm)
    yield from _dense("bert/pooler/dense", model.pooler)
    yield Named("cls/predictions/output_bias", model.output_bias, is_kernel=False)
    yield from _dense("cls/predictions/transform/dense", model.transform)
    yield from _norm("cls/predictions/transform", model.transform_norm)
    yield Named("cls/seq_relationship/output_weights", model.next_sentence.weight, is_kernel=False)
    yield Named("cls/seq_relationship/output_bias", model.next_sentence.bias, is_kernel=False)


def _dense(name: str, layer: nn.Linear) -> Iterator[Named]:
    yield Named(f"{name}/kernel", layer.weight, is_kernel=True)
    yield Named(f"{name}/bias", layer.bias, is_kernel=False)


def _norm(name: str, layer: nn.LayerNorm) -> Iterator[Named]:
    yield Named(f"{name}/LayerNorm/gamma", layer.weight, is_kernel=False)
    yield Named(f"{name}/LayerNorm/beta", layer.bias, is_kernel=False)


def log_names(model: Pretraining) -> tuple[str, ...]:
    """The names for ``weights_initialization``: the tied output layer is listed too (logging, closed_bert.yaml)."""
    return (*(tensor.name for tensor in named_tensors(model)), "cls/predictions/decoder/kernel")


def flops_per_example(shape: Shape, settings: Settings) -> float:
    """Multiplications and additions of an example, forward and backward, filling included.

    Counted are products of matrices: of layers, of attention, and of the heads. A backward pass costs twice a forward.
    """
    tokens, width = settings.max_sequence_length, shape.width
    layer = tokens * (4 * width * width + 2 * width * shape.inner) + 2 * tokens * tokens * width
    heads = settings.max_predictions_per_seq * (width * width + width * shape.vocabulary) + width * (width + 2)
    return 3.0 * 2.0 * (shape.layers * layer + heads)
