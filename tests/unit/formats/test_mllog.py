"""The log of a training run: what real logs hold is read, damage is told, and what is written reads back."""

from __future__ import annotations

import io
import json
import math

import numpy as np
import pytest

from levelfield.formats.mllog import Event, EventType, MlLogWriter, event_line, read_mllog


def line(key: str = "run_start", *, time_ms: object = 1000, value: object = None, **metadata: object) -> str:
    return ":::MLLOG " + json.dumps(
        {
            "namespace": "",
            "time_ms": time_ms,
            "event_type": "POINT_IN_TIME",
            "key": key,
            "value": value,
            "metadata": {"file": "train.py", "lineno": 7, **metadata},
        }
    )


def test_a_line() -> None:
    (event,) = read_mllog(line("eval_accuracy", value=0.75, epoch_num=4).encode()).events
    assert event == Event(
        key="eval_accuracy",
        value=0.75,
        time_ms=1000.0,
        event_type="POINT_IN_TIME",
        namespace="",
        metadata={"file": "train.py", "lineno": 7, "epoch_num": 4},
        line=1,
        position=0,
    )


@pytest.mark.parametrize(
    "text",
    [
        "0: " + line(),
        "[1,3]<stdout>:" + line(),
        "2021-10-21 12:00:00.123 " + line() + "   ",
        ":::MLLOG {half a li" + line(),
        line() + "\r\n",
        "  55%|#####     | 5/9\r" + line() + "\r 60%|######    |",
        line().replace(":::MLLOG ", ":::MLLOG \t"),
        line().replace('"time_ms": 1000', '"time_ms": "1000"'),
        line().replace('"time_ms": 1000', '"time_ms": 1e3'),
        line().replace(": ", ":").replace(":::MLLOG", ":::MLLOG "),
        '\xe9\xff noise\n:::MLLOG {"key": "run_start", "time_ms": 1000, "value": null}',
    ],
)
@pytest.mark.parametrize("keys", [None, {"run_start"}])
def test_lines_as_real_logs_have_them(text: str, keys: set[str] | None) -> None:
    log = read_mllog(text.encode("latin-1"), keys=keys)
    assert log.damaged == ()
    assert [(event.key, event.time_ms) for event in log.events] == [("run_start", 1000.0)]


@pytest.mark.parametrize("value", [None, True, 3, -0.5, "x", [1, [2]], {"BBOX": 0.377, "SEGM": 0.339}, "é\n:::MLLO"])
def test_values(value: object) -> None:
    (event,) = read_mllog(line("k", value=value).encode(), keys={"k"}).events
    assert event.value == value
    assert type(event.value) is type(value)


def test_not_a_number_and_infinity_are_values() -> None:
    log = read_mllog((line("a", value=math.nan) + "\n" + line("b", value=-math.inf)).encode())
    assert math.isnan(log.events[0].value)  # type: ignore[arg-type]
    assert log.events[1].value == -math.inf


@pytest.mark.parametrize("metadata", [None, 3, [], "x"])
def test_metadata_that_is_no_object_is_empty(metadata: object) -> None:
    text = f':::MLLOG {{"key": "k", "time_ms": 1, "metadata": {json.dumps(metadata)}}}'
    (event,) = read_mllog(text.encode()).events
    assert event.metadata == {}


def test_lines_are_numbered_in_the_file_and_among_events() -> None:
    text = f"noise\r\n{line('a')}\r\nmore\rnoise\n{line('b')}\n\n{line('c')}"
    log = read_mllog(text.encode(), keys={"a", "c"})
    assert [(event.key, event.line, event.position) for event in log.events] == [("a", 2, 0), ("c", 7, 2)]
    assert log.tokens == 3


def test_first_and_last_of_repeated_keys() -> None:
    text = "\n".join(line("init_start", time_ms=time) for time in (5, 3, 9)) + "\n" + line("run_start")
    log = read_mllog(text.encode())
    first, last = log.first("init_start"), log.last("init_start")
    assert first is not None
    assert last is not None
    assert (first.time_ms, last.time_ms) == (5, 9)
    assert len(log.all("init_start")) == 3
    assert log.first("run_stop") is None
    assert log.last("run_stop") is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (":::MLLOG ", "no JSON at character 1"),
        (":::MLLOG {}", "time_ms and key missing"),
        (':::MLLOG {"key": "k"}', "time_ms missing"),
        (":::MLLOG [1]", "found list, expected an object"),
        (':::MLLOG {"key": "k", "time_ms": "noon"}', "time_ms: found 'noon', expected a number"),
        (':::MLLOG {"key": "k", "time_ms": null}', "time_ms: found 'None', expected a number"),
        (f':::MLLOG {{"key": "k", "time_ms": 1{"0" * 400}}}', "time_ms: found '1000"),
        (line()[:-5], "no JSON at character"),
        (line() + " and more", "no JSON at character"),
        (":::MLLOG " + "[" * 100_000, "nested too deep"),
        (f':::MLLOG {{"key": "k", "time_ms": 1{"0" * 5000}}}', "Exceeds the limit"),
    ],
)
@pytest.mark.parametrize("keys", [None, {"another"}])
def test_damaged_lines_are_told_also_where_their_key_is_not_wanted(
    text: str, problem: str, keys: set[str] | None
) -> None:
    log = read_mllog(f"ok\n{text}\n{line()}".encode(), keys=keys)
    (damaged,) = log.damaged
    assert damaged.line == 2
    assert problem in damaged.problem
    assert len(damaged.text) <= 80
    assert log.tokens == 2


def test_damage_inside_a_line_of_another_key_is_found_where_the_proof_is_asked_for() -> None:
    text = line("noise").replace('"value": null', '"value" null') + "\n" + line()
    assert read_mllog(text.encode(), keys={"run_start"}).damaged == ()
    (damaged,) = read_mllog(text.encode(), keys={"run_start"}, prove=True).damaged
    assert (damaged.line, damaged.problem) == (1, "no JSON at character 91: Expecting ':' delimiter")
    assert read_mllog(line("noise").encode(), keys={"run_start"}, prove=True).events == ()


@pytest.mark.parametrize(
    "text",
    [
        # Other order, an escape in the key, the key once more: nothing may be passed over by its looks.
        ':::MLLOG {"value": {"key": "noise"}, "key": "run_stop", "time_ms": 1}',
        ':::MLLOG {"namespace": "", "time_ms": 1, "event_type": "", "key": "run\\u005fstop", "value": null}',
        ':::MLLOG {"namespace": "", "time_ms": 1, "event_type": "", "key": "noise", "value": 1, "key": "run_stop"}',
    ],
)
def test_wanted_keys_are_found_however_they_are_written(text: str) -> None:
    (event,) = read_mllog(text.encode(), keys={"run_stop"}).events
    assert event.key == "run_stop"


def test_a_value_that_names_a_wanted_key_is_not_that_event() -> None:
    text = line("noise", value={"key": "run_stop"})
    assert read_mllog(text.encode(), keys={"run_stop"}).events == ()


def test_empty_and_foreign_files() -> None:
    for data in (b"", b"\n\n", bytes(range(256)) * 40, b":::MLLOG", b":::MLLOGGER {}"):
        log = read_mllog(data)
        assert (log.events, log.damaged, log.tokens) == ((), (), 0)


def test_a_flood_of_damage_or_events_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    log = read_mllog(b":::MLLOG \n" * 5_000)
    assert (len(log.damaged), log.tokens, log.cut) == (1000, 1000, True)
    monkeypatch.setattr("levelfield.formats.mllog.MAX_EVENTS", 3)
    text = f"{line()}\n".encode()
    assert (len(read_mllog(text * 4).events), read_mllog(text * 4).cut) == (3, True)
    assert (len(read_mllog(text * 3).events), read_mllog(text * 3).cut) == (3, False)
    assert not read_mllog(text * 9, keys={"other"}).cut


def test_a_line_of_four_megabytes() -> None:
    text = line("tracked_stats", value="x" * (4 << 20)) + "\n" + line()
    assert [event.line for event in read_mllog(text.encode(), keys={"run_start"}).events] == [2]
    assert len(read_mllog(text.encode()).events) == 2


# ------------------------------------------------------------------------------------------------------ writing


def test_a_written_event_has_its_members_in_order_and_the_caller() -> None:
    stream = io.StringIO()
    writer = MlLogWriter(stream=stream, now_ms=lambda: 1634825975158, root=__file__.rpartition("test_mllog")[0])
    writer.event("epoch_start", metadata={"epoch_num": 1})
    text = stream.getvalue()
    assert text.startswith(
        ':::MLLOG {"namespace": "", "time_ms": 1634825975158, "event_type": "INTERVAL_START", "key": "epoch_start", '
        '"value": null, "metadata": {"file": "test_mllog.py", "lineno": '
    )
    assert text.endswith(', "epoch_num": 1}}\n')
    (event,) = read_mllog(text.encode()).events
    assert isinstance(event.metadata["lineno"], int)


@pytest.mark.parametrize(
    ("key", "event_type"),
    [("run_start", EventType.START), ("run_stop", EventType.STOP), ("eval_accuracy", EventType.POINT)],
)
def test_the_event_type_is_in_the_key(key: str, event_type: EventType) -> None:
    assert EventType.of(key) is event_type


def test_numbers_and_arrays_of_numpy_become_plain() -> None:
    stream = io.StringIO()
    writer = MlLogWriter(stream=stream, now_ms=lambda: 1)
    writer.event("seed", np.int64(3))
    writer.event("lr", np.array([0.5, 1.0]), {"tensor": np.float32(0.25)})
    events = read_mllog(stream.getvalue().encode()).events
    assert [event.value for event in events] == [3, [0.5, 1.0]]
    assert events[1].metadata["tensor"] == 0.25


def test_what_is_no_json_is_refused() -> None:
    writer = MlLogWriter(stream=io.StringIO(), now_ms=lambda: 1)
    with pytest.raises(TypeError, match="An event cannot hold object; it takes what JSON has"):
        writer.event("seed", object())


def test_only_the_first_process_writes_what_holds_for_the_run() -> None:
    stream = io.StringIO()
    writer = MlLogWriter(stream=stream, now_ms=lambda: 1, rank=3)
    writer.event("run_start")
    writer.event("seed", 1)
    assert [event.key for event in read_mllog(stream.getvalue().encode()).events] == ["seed"]


def test_every_event_is_flushed_at_once() -> None:
    flushed = []

    class Stream(io.StringIO):
        def flush(self) -> None:
            flushed.append(self.getvalue().count("\n"))

    writer = MlLogWriter(stream=Stream(), now_ms=lambda: 1)
    writer.event("run_start")
    writer.event("run_stop", metadata={"status": "success"})
    assert flushed == [1, 2]


def test_a_fraction_of_a_millisecond_is_kept() -> None:
    event = Event(key="k", value=1, time_ms=1.5, event_type="POINT_IN_TIME", namespace="", metadata={})
    assert '"time_ms": 1.5,' in event_line(event)
    assert '"time_ms": NaN,' in event_line(
        Event(**{**{f: getattr(event, f) for f in event.__slots__}, "time_ms": math.nan})
    )
