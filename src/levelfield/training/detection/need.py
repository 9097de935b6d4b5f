"""What a full edition needs before it is built, the same for both benchmarks; no torch here."""

from __future__ import annotations

from levelfield.training.needs import full_data
from levelfield.training.port import Edition, Setup
from levelfield.workloads.pictures import opencv

__all__ = ["need_full"]

COCO = "the folder of COCO 2017, with annotations/, train2017/ and val2017/"


def need_full(setup: Setup, benchmark: str, *, backbone: str) -> None:
    """Look whether a full edition was given its data and the weights to start from.

    Args:
        setup: What was asked for; a mini edition needs nothing.
        benchmark: For the message.
        backbone: What the rules have it start from, and where that comes from.

    Raises:
        SettingsError: One of them was not.
        MissingError: OpenCV, which reads photographs, is not installed.
    """
    if setup.edition is Edition.FULL:
        full_data(setup, benchmark, data=COCO, start=backbone)
        opencv()
