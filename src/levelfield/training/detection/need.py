"""What a full edition needs before it is built, said in one place for both benchmarks; no torch here."""

from __future__ import annotations

from levelfield.backends.shared import installed
from levelfield.errors import SettingsError
from levelfield.training.port import Edition, Setup

__all__ = ["need_data", "need_full", "need_torch"]


def need_torch() -> None:
    """Look whether torch is there.

    Raises:
        MissingError: It is not; says the command.
    """
    installed("torch", package="torch", extra="torch")


def need_data(benchmark: str, setup: Setup) -> None:
    """Look whether a full edition was given its data.

    Raises:
        SettingsError: It was not.
        MissingError: OpenCV, which reads photographs, is not installed.
    """
    if setup.edition is Edition.MINI:
        return
    installed("cv2", package="opencv-python-headless", extra="vision")
    if setup.data is None:
        raise SettingsError(
            f"The full edition of {benchmark} needs the folder of COCO 2017.",
            hint="Give it with --data: it holds annotations/, train2017/ and val2017/. The mini edition needs none.",
        )


def need_full(benchmark: str, setup: Setup, *, backbone: str) -> None:
    """Look whether a full edition was given its data and the weights to start from.

    Args:
        benchmark: For the message.
        setup: What was asked for.
        backbone: What to start from, and where it comes from.

    Raises:
        SettingsError: One of them was not.
        MissingError: OpenCV is not installed.
    """
    need_data(benchmark, setup)
    if setup.edition is Edition.FULL and setup.start is None:
        raise SettingsError(
            f"{benchmark} starts from a trained backbone, by the rules: {backbone}.",
            hint="Give the file with --start.",
        )
