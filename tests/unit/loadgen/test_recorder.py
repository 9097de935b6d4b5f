from __future__ import annotations

import threading

import numpy as np
import pytest

from levelfield.errors import CompletionError
from levelfield.loadgen.recorder import LISTED_ERRORS, PENDING, Recorder, Window


def a_window(samples: int, *, base: int = 0, issued: int | None = None, **kw: object) -> Window:
    window = Window(base, samples=samples, queries=samples, indices=np.arange(samples) + 100, **kw)  # type: ignore[arg-type]
    window.done_ns[: samples if issued is None else issued] = PENDING
    return window


def a_recorder(window: Window, *, now: int = 5, **kw: object) -> Recorder:
    recorder = Recorder(**{"log_all": False, "clock": lambda: now, **kw})  # type: ignore[arg-type]
    recorder.open(window)
    return recorder


def ids(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


@pytest.mark.parametrize("batch", [[3], [3, 1, 2], list(range(40)), list(range(39, -1, -1))])
def test_completion_stores_the_time_and_counts(batch: list[int]) -> None:
    window = a_window(40)
    recorder = a_recorder(window, now=77)
    recorder.complete(ids(*batch))
    assert recorder.completed == len(batch)
    assert (window.done_ns[batch] == 77).all()
    assert np.count_nonzero(window.done_ns == PENDING) == 40 - len(batch)


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ([3], [3], "Sample 3 completed twice"),
        ([3, 4], [4, 5], "Sample 4 completed twice"),
        (list(range(40)), list(range(40)), "Sample 0 completed twice"),
    ],
)
def test_second_completion_is_refused(first: list[int], second: list[int], message: str) -> None:
    recorder = a_recorder(a_window(50))
    recorder.complete(ids(*first))
    with pytest.raises(CompletionError, match=message):
        recorder.complete(ids(*second))
    assert isinstance(recorder.failure, CompletionError)
    assert any(message in event.text for event in recorder.events)


@pytest.mark.parametrize("batch", [[7], [1, 7], [*range(40), 7]])
def test_unknown_id_is_refused_and_the_good_ones_count(batch: list[int]) -> None:
    window = a_window(50, issued=7) if len(batch) < 3 else a_window(100, issued=7)
    recorder = a_recorder(window)
    with pytest.raises(CompletionError, match=r"Sample \d+ completed, which was never issued"):
        recorder.complete(ids(*batch))
    assert recorder.completed == sum(1 for sample in batch if sample < 7)


def test_twice_in_one_call_counts_once() -> None:
    recorder = a_recorder(a_window(50))
    with pytest.raises(CompletionError, match="Sample 2 completed twice"):
        recorder.complete(ids(1, 2, 2))
    assert recorder.completed == 2


def test_id_beyond_the_window_and_before_it() -> None:
    recorder = a_recorder(a_window(4, base=10))
    with pytest.raises(CompletionError, match="Sample 99 completed, which was never issued"):
        recorder.complete(ids(99))
    with pytest.raises(CompletionError, match="Sample 9 completed twice: it belongs to a query that was complete"):
        recorder.complete(ids(9))


def test_only_the_first_faults_are_listed() -> None:
    recorder = a_recorder(a_window(1))
    with pytest.raises(CompletionError):
        recorder.complete(np.arange(100, 200))
    recorder.close()
    assert len(recorder.events) == LISTED_ERRORS + 1
    assert recorder.events[-1].text == "80 more faulty completions."


def test_payloads_are_logged_in_completion_order_and_copied() -> None:
    logged: list[object] = []
    recorder = a_recorder(a_window(4, base=10), log_all=True, sink=lambda *row: logged.append(row))
    buffer = bytearray(b"ab")
    recorder.complete(ids(12), [buffer])
    buffer[:] = b"zz"
    recorder.complete(ids(11, 10), np.array([[1, 2], [3, 4]], dtype=np.uint8))
    recorder.complete(ids(13), lambda position: b"made %d" % position)
    recorder.close()
    expected_payloads = [b"ab", b"\x01\x02", b"\x03\x04", b"made 0"]
    assert logged == [([12, 11, 10, 13], [102, 101, 100, 103], expected_payloads, None, None)]


def test_a_payload_short_is_a_failure() -> None:
    recorder = a_recorder(a_window(4), log_all=True, sink=lambda *_: None)
    recorder.complete(ids(0, 1), [b"only one"])
    assert "2 samples with 1 payloads" in str(recorder.failure)


def test_sampled_logging_takes_the_chosen_and_calls_no_maker_for_others() -> None:
    logged: list[tuple[object, ...]] = []
    window = a_window(4, logged=np.array([False, True, False, True]))
    recorder = a_recorder(window, log_some=True, sink=lambda *row: logged.append(row))
    made: list[int] = []

    def make(position: int) -> bytes:
        made.append(position)
        return bytes([position])

    recorder.complete(ids(0, 1, 2, 3), make)
    recorder.close()
    assert made == [1, 3]
    assert logged[0][:3] == ([1, 3], [101, 103], [b"\x01", b"\x03"])


def test_waiting_ends_when_the_count_is_reached_from_another_thread() -> None:
    recorder = a_recorder(a_window(2))
    recorder.complete(ids(0))
    threading.Timer(0.02, recorder.complete, [ids(1)]).start()
    assert recorder.wait_for(2, timeout_s=5)
    assert not recorder.wait_for(3, timeout_s=0.01)


def test_waiting_ends_when_the_system_fails() -> None:
    recorder = a_recorder(a_window(2))
    threading.Timer(0.02, recorder.complete.fail, [ValueError("broken")]).start()
    assert recorder.wait_for(2, timeout_s=5)
    assert str(recorder.failure) == "broken"


def test_every_completion_of_many_threads_counts() -> None:
    window = a_window(4000)
    recorder = a_recorder(window)
    threads = [
        threading.Thread(target=lambda lane=lane: [recorder.complete(ids(i)) for i in range(lane, 4000, 8)])
        for lane in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert recorder.completed == 4000
    assert not (window.done_ns == PENDING).any()


@pytest.mark.parametrize(
    ("calls", "message"),
    [
        ([("done", 2)], "completed without a first token"),
        ([("first", 0), ("first", 0), ("done", 2)], "reported twice"),
        ([("first", 0), ("done", 2), ("first", 0)], "after its completion"),
        ([("first", 0), ("done", 0)], "no n_tokens"),
        ([("first", 0), ("done", -3)], "n_tokens -3"),
        ([("first", 0), ("done", 1)], "at least two"),
    ],
)
def test_token_errors_are_logged(calls: list[tuple[str, int]], message: str) -> None:
    recorder = a_recorder(a_window(1, tokens=True), tokens=True, needs_first_token=True)
    for what, count in calls:
        if what == "first":
            recorder.complete.first_token(ids(0))
        else:
            recorder.complete(ids(0), None, ids(count))
    assert any(message in event.text for event in recorder.events)
    assert recorder.failure is None


def test_released_pages_read_as_never_issued() -> None:
    window = a_window(2048)
    window.release(samples=1024, queries=1024)
    assert (window.done_ns[:1024] == 0).all()
    assert (window.done_ns[1024:] == PENDING).all()
