from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest

from levelfield.submission import crew
from levelfield.submission.crew import Crew


@pytest.fixture(autouse=True)
def may_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "_may_fork", lambda: True)


def total(units: Iterable[int]) -> tuple[int, int]:
    return os.getpid(), sum(units)


def slow(units: Iterable[int]) -> list[int]:
    taken = []
    for unit in units:
        time.sleep(0.005 * unit)
        taken.append(unit)
    return taken


def weight(unit: int) -> float:
    return unit


def test_every_unit_is_done_once_whoever_takes_it() -> None:
    with Crew([total], 3) as three:
        outcomes = three.share(total, list(range(500)), weight)
    assert sum(part for _, part in outcomes) == sum(range(500))
    assert outcomes[0][0] == os.getpid()
    assert len({process for process, _ in outcomes}) == 3


def test_the_heaviest_are_begun_first() -> None:
    with Crew([slow], 2) as two:
        shares = two.share(slow, [1, 2, 40, 3, 4], weight)
    assert sorted(unit for share in shares for unit in share) == [1, 2, 3, 4, 40]
    assert all(share == sorted(share, reverse=True) for share in shares)


def test_the_processes_stay_for_further_work() -> None:
    with Crew([total, slow], 2) as two:
        first, second = two.share(total, [1, 2, 3], weight), two.share(total, [4, 5], weight)
        third = two.share(slow, [1, 2], weight)
    assert [process for process, _ in first] == [process for process, _ in second]
    assert (sum(part for _, part in first), sum(part for _, part in second)) == (6, 9)
    assert sorted(unit for share in third for unit in share) == [1, 2]


def test_the_others_prepare_before_their_first_task() -> None:
    prepared: list[int] = []

    def seen(units: Iterable[int]) -> tuple[list[int], list[int]]:
        return list(prepared), list(units)

    with Crew([seen], 2, ahead=lambda: prepared.append(7)) as two:
        own, other = two.share(seen, [1, 2, 3], weight)
        assert (own[0], other[0]) == ([], [7])
        assert sorted(own[1] + other[1]) == [1, 2, 3]
        assert two.share(seen, [4, 5], weight)[1][0] == [7]


def counting(known: Mapping[str, int], padding: list[str]) -> list[Callable[[Iterable[str]], tuple[int, int]]]:
    """Tasks that have to know something."""

    def count(units: Iterable[str]) -> tuple[int, int]:
        return os.getpid(), sum(known[unit] for unit in units) + len(padding)

    return [count]


def breaking() -> list[Callable[[Iterable[int]], int]]:
    raise ZeroDivisionError


def test_others_that_were_made_before_can_be_instructed() -> None:
    known, padding = dict.fromkeys("abcdefgh", 1), ["a" * 100_000] * 30  # more than a pipe holds
    with Crew(size=2) as two:
        tasks = counting(known, [])
        two.instruct(tasks, counting, known, padding)
        two.staff(3)  # the third one takes up what this process does
        outcomes = two.share(tasks[0], list("abcdefgh"), len)
    assert len({process for process, _ in outcomes}) == 3
    assert sum(count for _, count in outcomes) == 8 + 30


def test_a_process_that_cannot_be_instructed_is_missed() -> None:
    with Crew([total], 2) as two:
        two.instruct([total], breaking)
        with pytest.raises(RuntimeError, match="ended without an answer"):
            two.share(total, [1, 2, 3], weight)


def test_a_crew_can_grow_and_shrink() -> None:
    with Crew([total], 1) as some:
        assert len(some.share(total, [1, 2, 3, 4], weight)) == 1
        some.staff(3)
        assert len({process for process, _ in some.share(total, list(range(50)), weight)}) == 3
        some.staff(2)
        outcomes = some.share(total, list(range(50)), weight)
        assert len({process for process, _ in outcomes}) == 2
        assert sum(part for _, part in outcomes) == sum(range(50))
        some.dismiss()
        assert some.share(total, [1, 2, 3], weight) == [(os.getpid(), 6)]
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)  # none was left behind


def test_more_units_than_a_pipe_holds_tickets() -> None:
    units = list(range(crew.MOST_TICKETS * 5 + 3))
    with Crew([total], 2) as two:
        assert sum(part for _, part in two.share(total, units, weight)) == sum(units)


@pytest.mark.parametrize("units", [[], [7]])
def test_little_work_is_done_here(units: list[int]) -> None:
    with Crew([total], 2) as two:
        assert two.share(total, units, weight) == [(os.getpid(), sum(units))]


def test_without_forking_all_is_done_here_the_heaviest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "_may_fork", lambda: False)
    with Crew([slow], 2) as alone:
        assert alone.share(slow, [1, 3, 2], weight) == [[3, 2, 1]]
    assert Crew().share(slow, [1, 3, 2], weight) == [[3, 2, 1]]


def test_others_take_what_is_apart_first_and_this_process_last() -> None:
    with Crew([slow], 2) as two:
        here, there = two.share(slow, [1, 2, 3], weight, apart=[11, 12, 13])
    assert sorted(here + there) == [1, 2, 3, 11, 12, 13]
    assert here == sorted((unit for unit in here if unit < 10), reverse=True) + sorted(
        (unit for unit in here if unit > 10), reverse=True
    )
    assert there == sorted(there, reverse=True)


def test_this_process_may_leave_all_that_is_apart_to_others() -> None:
    with Crew([total], 2) as two:
        outcomes = two.share(total, [7], weight, apart=[1, 2, 3], joins=False)
        assert outcomes[0] == (os.getpid(), 7)
        assert [part for _, part in outcomes[1:]] == [6]
        assert two.share(total, (), weight, apart=[5], joins=False) == [(os.getpid(), 0), (outcomes[1][0], 5)]
        assert two.share(total, (), weight, joins=False) == [(os.getpid(), 0)]
    assert Crew().share(total, [7], weight, apart=[1, 2, 3], joins=False) == [(os.getpid(), 13)]


def in_another_process(act: Callable[[], None], taken: Path) -> Callable[[Iterable[int]], int]:
    """A task that acts where it is done by another process, and here waits until one has taken a unit."""
    here = os.getpid()

    def work(units: Iterable[int]) -> int:
        for _ in units:
            if os.getpid() != here:
                taken.touch()
                act()
            while not taken.exists():
                time.sleep(0.001)
        return 0

    return work


def breaks() -> None:
    raise ZeroDivisionError("broken there")


def dies() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_what_breaks_here_is_raised() -> None:
    with Crew([], 2) as nobody, pytest.raises(ValueError, match="not in tuple"):
        nobody.share(total, [1, 2], weight)

    def work(units: Iterable[int]) -> int:
        for _ in units:
            raise ZeroDivisionError("broken here")
        return 0

    with Crew([work], 1) as alone, pytest.raises(ZeroDivisionError, match="broken here"):
        alone.share(work, [1, 2], weight)


def test_what_breaks_in_another_process_is_told(tmp_path: Path) -> None:
    work = in_another_process(breaks, tmp_path / "taken")
    with Crew([work], 2) as two, pytest.raises(RuntimeError, match=r"(?s)in another process:.*broken there"):
        two.share(work, list(range(8)), weight)


def test_a_process_that_dies_is_reported_each_time(tmp_path: Path) -> None:
    work = in_another_process(dies, tmp_path / "taken")
    with Crew([work], 2) as two:
        for _ in range(2):
            with pytest.raises(RuntimeError, match="ended without an answer"):
                two.share(work, list(range(8)), weight)


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc")
def test_nothing_is_left_open_and_nobody_left_alone() -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    with Crew([total], 4) as four:
        others = {process for process, _ in four.share(total, list(range(9)), weight)} - {os.getpid()}
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert len(others) == 3
    assert not any(Path(f"/proc/{process}").exists() for process in others)
