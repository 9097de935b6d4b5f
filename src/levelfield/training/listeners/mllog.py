"""The log of a run in MLLOG, with every key that the compliance rules of v1.1 ask of an open or a closed run.

Source: mlcommons/logging at beaf26d, ``compliance_checker/training_1.1.0``. ``common.yaml`` asks for the submission,
the intervals and the sample counts; ``closed_common.yaml`` for ``gradient_accumulation_steps``; the files of the
benchmarks for hyperparameters, which the benchmark names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TextIO

from levelfield.formats.mllog import Event as Line
from levelfield.formats.mllog import EventType, event_line
from levelfield.rules.round import Target
from levelfield.terms import Division
from levelfield.training.clock import Stamp
from levelfield.training.events import (
    BlockStarted,
    BlockStopped,
    CachesCleared,
    DataOpened,
    EpochStarted,
    EpochStopped,
    Evaluated,
    EvaluationStarted,
    EvaluationStopped,
    Event,
    InitStarted,
    InitStopped,
    ModelBuilt,
    RunStarted,
    RunStopped,
    Status,
)
from levelfield.training.goals import logged
from levelfield.training.port import LogValue

__all__ = ["LogListener", "Submission"]

_FILE = "levelfield/training/loop.py"
"""What the log names as its writer; nothing of this machine's folders."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What a log says of the submission that it belongs to."""

    benchmark: str
    division: Division
    organisation: str
    platform: str
    status: str
    """``cloud``, ``onprem``, ``preview`` or ``research``."""


class LogListener:
    """Writes one flushed line an event, so that a run killed at any moment leaves a log that can be read.

    Args:
        stream: The open file.
        submission: What the run is for.
        targets: How the quality is written: a number, or an object for several.
        seed: Written as ``seed``.
    """

    def __init__(self, stream: TextIO, submission: Submission, targets: Sequence[Target], seed: int) -> None:
        self._stream = stream
        self._submission = submission
        self._targets = targets
        self._seed = seed
        self._position = 0

    def on(self, event: Event) -> None:
        """Write what the log has of an event."""
        stamp = event.stamp
        match event:
            case CachesCleared():
                self._line(stamp, "cache_clear", event.cleared)
            case InitStarted():
                self._line(stamp, "init_start")
                self._submitted(stamp)
            case ModelBuilt():
                self._built(event)
            case InitStopped():
                self._line(stamp, "init_stop")
            case RunStarted():
                self._line(stamp, "run_start")
            case DataOpened():
                self._line(stamp, "train_samples", event.samples.train)
                self._line(stamp, "eval_samples", event.samples.evaluation)
            case BlockStarted():
                self._line(stamp, "block_start", first_epoch_num=event.first_epoch, epoch_count=_plain(event.epochs))
            case BlockStopped():
                self._line(stamp, "block_stop", first_epoch_num=event.first_epoch)
            case EpochStarted():
                self._line(stamp, "epoch_start", epoch_num=event.epoch)
            case EpochStopped():
                self._line(stamp, "epoch_stop", epoch_num=event.epoch)
            case EvaluationStarted():
                self._line(stamp, "eval_start", epoch_num=_plain(event.progress))
            case Evaluated():
                quality = logged(event.quality, self._targets)
                self._line(stamp, "eval_accuracy", quality, epoch_num=_plain(event.progress))
            case EvaluationStopped():
                self._line(stamp, "eval_stop", epoch_num=_plain(event.progress))
            case RunStopped():
                word = Status.SUCCESS if event.status is Status.SUCCESS else Status.ABORTED
                more: dict[str, LogValue] = {"reason": event.reason} if event.reason else {}
                self._line(stamp, "run_stop", status=str(word), **more)
            case _:
                pass

    def _submitted(self, stamp: Stamp) -> None:
        one = self._submission
        for key, value in (
            ("submission_benchmark", one.benchmark),
            ("submission_division", str(one.division)),
            ("submission_org", one.organisation),
            ("submission_platform", one.platform),
            ("submission_status", one.status),
        ):
            self._line(stamp, key, value)

    def _built(self, event: ModelBuilt) -> None:
        values: dict[str, LogValue] = {"gradient_accumulation_steps": 1, **event.hyperparameters, "seed": self._seed}
        for key, value in values.items():
            self._line(event.stamp, key, value)
        for name in event.initial_weights:
            self._line(event.stamp, "weights_initialization", None, tensor=name)

    def _line(self, stamp: Stamp, key: str, value: LogValue = None, **metadata: LogValue) -> None:
        # The seed check of the rules compares file, line and seed of all runs: the line is the number of the event.
        self._position += 1
        line = Line(
            key=key,
            value=value,
            time_ms=stamp.time_ms,
            event_type=EventType.of(key),
            namespace="",
            metadata={"file": _FILE, "lineno": self._position, **metadata},
        )
        self._stream.write(f"{event_line(line)}\n")
        self._stream.flush()


def _plain(number: float) -> int | float:
    """A whole number without a fraction, as logs have epochs."""
    return int(number) if float(number).is_integer() else number
