"""What holds for every kind of source alike."""

from __future__ import annotations

import multiprocessing
import pickle
from pathlib import Path

import pytest
from small_trees import KINDS, TREE, source_text

from levelfield.errors import InputError
from levelfield.submission.sources.bounds import Bounds
from levelfield.submission.sources.open import open_source
from levelfield.submission.sources.port import Entry, Source

LOG = "closed/Acme/results/a/resnet50/Offline/performance/run_1/mlperf_log_detail.txt"


def contents(source: Source) -> dict[str, bytes]:
    return {entry.path: source.read(entry.path) for entry in source.files()}


@pytest.fixture(params=KINDS)
def text(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return source_text(request.param, tmp_path / "source")


def test_files_are_listed_by_path_with_their_sizes(text: str) -> None:
    source = open_source(text)
    assert source.files() == (
        Entry("closed/Acme/empty.txt", 0),
        Entry("closed/Acme/results/a/resnet50/Offline/accuracy/accuracy.txt", 14),
        Entry(LOG, 60000),
        Entry("closed/Acme/systems/a.json", 3),
        Entry("open/caf\u00e9/README.md", 6),
    )
    assert source.refused() == ()
    assert source.name == text
    source.close()


def test_bytes_are_those_of_the_tree(text: str) -> None:
    source = open_source(text)
    assert contents(source) == TREE
    source.close()


def test_a_limit_gives_the_beginning(text: str) -> None:
    source = open_source(text)
    assert source.read(LOG, limit=8) == b":::MLLOG"
    assert source.read(LOG, limit=0) == b""
    assert source.read("closed/Acme/empty.txt", limit=10) == b""
    assert len(source.read(LOG, limit=10**9)) == 60000
    source.close()


def test_a_file_that_is_not_there_is_an_error_that_names_the_near_one(text: str) -> None:
    source = open_source(text)
    with pytest.raises(InputError, match=r"holds no file closed/Acme/system/a.json") as caught:
        source.read("closed/Acme/system/a.json")
    assert "closed/Acme/systems/a.json" in str(caught.value.hint)
    source.close()


def test_a_file_beyond_the_bound_is_read_with_a_limit_only(text: str) -> None:
    source = open_source(text, bounds=Bounds(read_bytes=1000))
    with pytest.raises(InputError, match="has 60,000 bytes; at most 1,000 are read at once"):
        source.read(LOG)
    assert len(source.read(LOG, limit=1500)) == 1500
    source.close()


def test_too_many_entries_are_refused_at_once(text: str) -> None:
    with pytest.raises(InputError, match="more than 3 entries"):
        open_source(text, bounds=Bounds(files=3)).files()


def test_too_many_bytes_are_refused_at_once(text: str) -> None:
    with pytest.raises(InputError, match="more than 59,000 bytes"):
        open_source(text, bounds=Bounds(total_bytes=59_000)).files()


def test_another_process_reads_its_own_copy(text: str) -> None:
    source = open_source(text)
    with multiprocessing.get_context("fork").Pool(2, initializer=_take, initargs=(source,)) as pool:
        assert dict(pool.map(_read, list(TREE))) == TREE
    assert contents(source) == TREE
    source.close()


def test_a_source_that_was_sent_to_a_process_reads_the_same(text: str) -> None:
    source = open_source(text)
    sent = pickle.loads(pickle.dumps(source))
    source.close()
    assert sent.files() == source.files()
    assert contents(sent) == TREE
    sent.close()


def test_closing_twice_does_no_harm_and_a_copy_lives_on(text: str) -> None:
    source = open_source(text)
    copy = source.reopened()
    source.close()
    source.close()
    assert contents(copy) == TREE
    copy.close()


_mine: Source


def _take(source: Source) -> None:
    global _mine  # noqa: PLW0603
    _mine = source.reopened()


def _read(path: str) -> tuple[str, bytes]:
    return path, _mine.read(path)
