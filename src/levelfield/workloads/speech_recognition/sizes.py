"""How wide and deep the networks of a transducer are: of the inference round, of the training round, and small."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FULL", "MINI", "TRAINING", "Sizes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Widths and depths of encoder, prediction and joint network, and what is dropped between their layers."""

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
    encoder_dropout: float = 0.0
    """Share of outputs that is zeroed in training, after each LSTM layer."""
    prediction_dropout: float = 0.0
    joint_dropout: float = 0.0
    """After the joint network's hidden layer."""


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
"""Of the inference round: mlcommons/inference, tag v2.0, speech_recognition/rnnt/pytorch/configs/rnnt.toml."""
TRAINING = Sizes(
    features=240,
    encoder_width=1024,
    before_stacking=2,
    after_stacking=3,
    prediction_width=512,
    prediction_layers=2,
    joint_width=512,
    classes=1024,
    encoder_dropout=0.1,
    prediction_dropout=0.3,
    joint_dropout=0.3,
)
"""Of the training round: mlcommons/training at 4a4d5a0, rnn_speech_recognition/pytorch, baseline_v3-1023sp.yaml."""
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
