"""Law: no bytes make a reader of results raise; and what is written reads back."""

from __future__ import annotations

import contextlib
import io
import json

from hypothesis import example, given, settings
from hypothesis import strategies as st
from other_rounds import MOBILE_PATH, TINY_PATH, mobile_tree, tiny_tree
from plain_source import PlainTree
from training_rounds import training_log, training_tree

from levelfield.errors import InputError
from levelfield.formats.mllog import Event, MlLogWriter, read_mllog
from levelfield.formats.mobile_results import parse_mobile_results
from levelfield.formats.system_fields import parse_system_fields
from levelfield.formats.tiny_labels import parse_tiny_labels
from levelfield.formats.tiny_log import read_tiny_log
from levelfield.formats.tiny_results import parse_tiny_results
from levelfield.rules import load_mobile, load_tiny, load_training
from levelfield.stats.olympic import olympic
from levelfield.submission.mobile.reading import read_mobile
from levelfield.submission.tiny.reading import read_tiny
from levelfield.submission.training.check_round import check_training

TRAINING, TINY, MOBILE = load_training("training-v1.1"), load_tiny("tiny-v0.7"), load_mobile("mobile-v2.0")
LOG = training_log(10)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
KEYS = st.sampled_from(["run_start", "run_stop", "eval_accuracy", "init_start", "seed", "k"])


@st.composite
def mutated(draw: st.DrawFn, whole: bytes) -> bytes:
    """A real file with a few pieces cut out, doubled, or overwritten."""
    data = whole
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        upto = draw(st.integers(at, min(len(data), at + 60)))
        data = data[:at] + draw(st.binary(max_size=20) | st.just(data[at:upto] * 2)) + data[upto:]
    return data


def damaged(whole: bytes) -> st.SearchStrategy[bytes]:
    return mutated(whole) | st.binary(max_size=400)


@given(damaged(LOG))
@settings(deadline=None)
@example(b":::MLLOG " * 3)
@example(b'\x00:::MLLOG {"time_ms": 1e999, "key": "run_stop"}\r')
def test_mllog_by_keys_finds_what_all_lines_hold(data: bytes) -> None:
    wanted = {"run_start", "run_stop", "eval_accuracy"}
    whole, some = read_mllog(data), read_mllog(data, keys=wanted)
    # NaN is unequal to itself, so texts are compared.
    assert repr(some.events) == repr(tuple(event for event in whole.events if event.key in wanted))
    assert some.tokens == whole.tokens
    assert set(map(repr, some.damaged)) <= set(map(repr, whole.damaged))
    proved = read_mllog(data, keys=wanted, prove=True)
    assert (repr(proved.events), proved.damaged) == (repr(some.events), whole.damaged)


@given(st.lists(st.tuples(KEYS, JSON, st.dictionaries(st.text(max_size=8), JSON, max_size=3)), max_size=4))
@settings(max_examples=40, deadline=None)
def test_written_events_read_back(events) -> None:
    stream = io.StringIO()
    writer = MlLogWriter(stream=stream, now_ms=lambda: 0)
    for key, value, metadata in events:
        event = Event(key=key, value=value, time_ms=7, event_type="", namespace="n", metadata=metadata)
        writer.write(event)
    again = read_mllog(stream.getvalue().encode())
    assert again.damaged == ()
    assert [(one.key, one.value, one.metadata, one.time_ms) for one in again.events] == [
        (key, value, metadata, 7.0) for key, value, metadata in events
    ]


@given(damaged(tiny_tree()[f"{TINY_PATH}/energy/energy_results.txt"]), damaged(b"a.bin,10,3\nb.bin,2,1,2560,512\n"))
@settings(deadline=None)
def test_tiny_formats(results: bytes, labels: bytes) -> None:
    parse_tiny_results(results)
    read_tiny_log(results)
    with contextlib.suppress(InputError):
        parse_tiny_labels(labels.decode("latin-1"), source="y")


@given(damaged(mobile_tree()[MOBILE_PATH]) | JSON.map(lambda value: json.dumps([value]).encode()))
@settings(deadline=None)
def test_json_formats(data: bytes) -> None:
    with contextlib.suppress(InputError):
        parse_mobile_results(data, source="r")
    with contextlib.suppress(InputError):
        parse_system_fields(data, source="s")


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_a_damaged_tree_gives_findings_and_no_exception(data: st.DataObject) -> None:
    for tree, read in (
        (training_tree(), lambda source: check_training(source, TRAINING)),
        (tiny_tree(), lambda source: read_tiny(source, TINY)),
        (mobile_tree(), lambda source: read_mobile(source, MOBILE)),
    ):
        path = data.draw(st.sampled_from(sorted(tree)))
        reading = read(PlainTree({**tree, path: data.draw(damaged(tree[path][:3000]))}))
        assert all(finding.found and finding.expected for finding in reading.findings)
        assert all(result.value > 0 for result in reading.results)


@given(st.lists(st.text("resultsym/_.0123kwadobe", max_size=40), max_size=12))
@settings(deadline=None)
def test_odd_paths_give_findings_and_no_exception(paths: list[str]) -> None:
    source = PlainTree({path: b"" for path in paths if path})
    for reading in (check_training(source, TRAINING), read_tiny(source, TINY), read_mobile(source, MOBILE)):
        assert reading.findings
        assert reading.results == ()


@given(st.lists(st.floats(1, 1e6), min_size=3, max_size=40), st.integers(0, 4), st.integers(0, 4))
@settings(deadline=None)
def test_a_failure_never_makes_a_score_better(times: list[float], failed: int, dropped: int) -> None:
    """A run that fails counts as the slowest, so losing any run cannot lower the score."""
    whole = olympic(times, failed=failed, dropped=dropped)
    for index in range(len(times)):
        less = olympic(times[:index] + times[index + 1 :], failed=failed + 1, dropped=dropped)
        if whole is not None and less is not None:
            assert less.score >= whole.score * (1 - 1e-12)
            assert min(whole.kept) <= whole.score * (1 + 1e-12)
