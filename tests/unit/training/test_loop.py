"""The loop on a benchmark that trains in milliseconds."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from tiny_training import BENCHMARK  # noqa: E402

from levelfield.errors import DatasetError  # noqa: E402
from levelfield.rules import load_training  # noqa: E402
from levelfield.terms import Edition  # noqa: E402
from levelfield.training.clock import Clock  # noqa: E402
from levelfield.training.distributed import Group  # noqa: E402
from levelfield.training.events import (  # noqa: E402
    BlockStarted,
    EpochStarted,
    Evaluated,
    Event,
    Learned,
    Status,
)
from levelfield.training.goals import targets_of  # noqa: E402
from levelfield.training.loop import Ended, Loop  # noqa: E402
from levelfield.training.port import Cadence, Setup, World  # noqa: E402

TARGETS = targets_of(BENCHMARK, Edition.MINI, load_training("training-v1.1"))


class Course:
    """A loop, and what it told."""

    def __init__(self, **dials: object) -> None:
        self.events: list[Event] = []
        self.clock = Clock(10**12)
        self.clock.start_init()
        changed = {name: str(value) for name, value in dials.items() if name != "cadence"}
        setup = Setup(edition=Edition.MINI, seed=7, changed=changed, require_running=self.clock.require_running)
        self.training = BENCHMARK.build(setup)
        if cadence := dials.get("cadence"):
            self.training.cadence = cadence
        self.clock.end_init()
        self.clock.start_run()
        self.loop = Loop(self.training, TARGETS, self.clock, self.events.append, Group(World()))

    def run(self, **more: object) -> Ended:
        return self.loop.run(**more)

    def names(self) -> list[str]:
        return [type(event).__name__ for event in self.events if not isinstance(event, Learned)]

    def losses(self) -> list[float]:
        return [loss for event in self.events if isinstance(event, Learned) for loss in event.losses]


def test_events_come_in_the_order_of_the_rules() -> None:
    course = Course()
    assert course.run() == Ended(status=Status.SUCCESS)
    assert course.names() == [
        "DataOpened", "BlockStarted", "EpochStarted", "EpochStopped", "EvaluationStarted", "Evaluated",
        "EvaluationStopped", "BlockStopped",
    ]  # fmt: skip
    assert course.loop.step == 8
    assert course.loop.progress == 1.0


def test_target_never_reached_is_bounded() -> None:
    course = Course(opt_base_learning_rate=0)
    ended = course.run()
    assert ended == Ended(status=Status.ABORTED, reason="the target was not reached in 80 steps")
    assert [event.step for event in course.events if isinstance(event, Evaluated)] == list(range(8, 81, 8))


@pytest.mark.parametrize("value", ["nan"])
def test_loss_that_is_no_number_ends_the_run_at_its_step(value: str) -> None:
    course = Course(opt_base_learning_rate=0, nan_at=13)
    assert course.run() == Ended(status=Status.ABORTED, reason=f"the loss of step 13 is {value}")
    assert course.names()[-2:] == ["BlockStopped", "EpochStopped"]
    assert course.loop.step == 13


def test_losses_that_are_read_in_groups_name_the_step_too() -> None:
    course = Course(opt_base_learning_rate=0, nan_at=13)
    course.loop._losses_at_once = 16
    assert course.run().reason == "the loss of step 13 is nan"
    assert course.loop.step == 16


def test_evaluation_in_the_middle_of_an_epoch_does_not_deal_it_again() -> None:
    course = Course(opt_base_learning_rate=0, cadence=Cadence(epoch=8, first=6, every=4, last=20))
    course.run()
    assert [event.epoch for event in course.events if isinstance(event, EpochStarted)] == [1, 2, 3]
    blocks = [(event.first_epoch, event.epochs) for event in course.events if isinstance(event, BlockStarted)]
    assert blocks == [(1, 0.75), (1, 0.5), (2, 0.5), (2, 0.5), (3, 0.25)]
    assert [event.step for event in course.events if isinstance(event, Evaluated)] == [6, 10, 14, 18]


def test_end_before_the_first_evaluation_has_none() -> None:
    course = Course(cadence=Cadence(epoch=8, first=6, every=4, last=5))
    assert course.run().reason == "the target was not reached in 5 steps"
    assert "Evaluated" not in course.names()


def test_same_setup_gives_the_same_losses_bit_for_bit() -> None:
    one, other = Course(opt_base_learning_rate=0.01), Course(opt_base_learning_rate=0.01)
    one.run()
    other.run()
    assert one.losses() == other.losses()
    assert len(one.losses()) >= 16


def test_resumed_run_goes_on_as_if_it_had_not_stopped() -> None:
    whole, first, second = (Course(opt_base_learning_rate=0.002, last=last) for last in (30, 19, 30))
    whole.run()
    first.run()
    second.run(state=first.training.state(), after=19)
    assert whole.losses() == first.losses() + second.losses()
    assert [event.epoch for event in second.events if isinstance(event, EpochStarted)] == [3, 4]


def test_evaluation_off_the_clock_ends_the_run_when_the_weights_were_ready() -> None:
    course = Course(opt_base_learning_rate=0.02, off=1)
    ended = course.run()
    assert ended.status is Status.SUCCESS
    evaluated = [event for event in course.events if isinstance(event, Evaluated)]
    assert [event.reached for event in evaluated] == [False] * (len(evaluated) - 1) + [True]
    assert 1 < len(evaluated) < 10
    assert ended.at == evaluated[-1].stamp
    assert course.loop.step == 80  # trained to the end, as the reference does
    last_learned = [event for event in course.events if isinstance(event, Learned)][-1]
    assert ended.at.monotonic_ns < last_learned.stamp.monotonic_ns
    assert course.clock.stop(ended.at) == ended.at


def test_evaluation_off_the_clock_may_find_nothing() -> None:
    course = Course(opt_base_learning_rate=0, off=1, last=16)
    ended = course.run()
    assert ended.reason == "the target was not reached in 16 steps"
    assert ended.at is not None
    assert course.names().count("Evaluated") == 2


def test_off_the_clock_a_broken_loss_ends_the_run_at_once() -> None:
    assert Course(opt_base_learning_rate=0, off=1, nan_at=5).run().reason == "the loss of step 5 is nan"


def test_dataset_that_is_missing_is_the_dataset_s_error() -> None:
    with pytest.raises(DatasetError, match=r"The points are missing"):
        Course(no_data=1).run()


def test_loop_knows_what_it_was_doing_when_a_step_raises() -> None:
    course = Course(raise_at=11, opt_base_learning_rate=0)
    with pytest.raises(ValueError, match="no such tensor"):
        course.run()
    assert course.loop.doing == "making step 11"
