"""The store: imports, what it refuses, and what it says."""

from __future__ import annotations

import math
import sqlite3
import threading
from pathlib import Path

import pytest
from results import accelerators, result, summary_results

from levelfield.errors import InputError, OutputError
from levelfield.results.model import Verification
from levelfield.results.query import Filter, SortKey, sort
from levelfield.results.store import Store

SERVER = {"scenario": "Server", "unit": "Queries/s"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "results.sqlite"


def test_what_was_imported_comes_back(path: Path, shared_data: Path) -> None:
    found = summary_results(shared_data / "groundtruth" / "inference-v2.0-summary.csv")
    with Store(path, create=True) as store:
        assert store.add("inference_v2.0", found).added == 111
    with Store(path) as store:
        assert store.select() == sort(found)
        assert store.select(by=SortKey.VALUE)[0].value == sort(found, SortKey.VALUE)[0].value


def test_import_says_what_it_did(path: Path) -> None:
    first = [result(source="a"), result(source="a", **SERVER)]
    with Store(path, create=True) as store:
        done = store.add("a", first)
        assert (done.results, done.added, done.changed, done.removed, done.elsewhere) == (2, 2, 0, 0, 0)
        done = store.add("a", [result(source="a", value=1.0), result(source="a", scenario="SingleStream")])
        assert (done.results, done.added, done.changed, done.removed, done.elsewhere) == (2, 1, 1, 1, 0)
        assert store.add("b", [result(source="b")]).elsewhere == 1
        assert store.add("a", []).removed == 2
        assert [(found.name, found.results) for found in store.sources()] == [("a", 0), ("b", 1)]


def test_systems_that_nobody_has_any_more_are_gone(path: Path) -> None:
    with Store(path, create=True) as store:
        store.add("a", [result(source="a", findings=("INF001", "INF002"))])
        store.add("a", [result(source="a", submitter="Other", system=accelerators(1))])
        counts = [
            store._number(f"SELECT count(*) FROM {table}")
            for table in ("results", "systems", "submissions", "benchmarks", "findings")
        ]
    assert counts == [1, 1, 1, 1, 0]


def test_result_of_two_sources_is_shown_once_the_verified_one_first(path: Path) -> None:
    with Store(path, create=True) as store:
        store.add("a", [result(source="a", value=1.0, verification=Verification.UNKNOWN)])
        store.add("b", [result(source="b", value=2.0, verification=Verification.UNKNOWN)])
        assert [found.value for found in store.select()] == [1.0]
        store.add("b", [result(source="b", value=2.0)])
        assert [found.value for found in store.select()] == [2.0]
        store.add("b", [])
        assert [found.value for found in store.select()] == [1.0]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"value": math.nan}, "value is nan, which is no finite number"),
        ({"value": math.inf}, "value is inf, which is no finite number"),
        ({"power_value": -math.inf}, "power is -inf, which is no finite number"),
        ({"accuracy": (("mAP", math.nan),)}, "accuracy mAP is nan, which is no finite number"),
        ({"system": {"nodes": 10**30}}, "a count of nodes, processors or accelerators is beyond 64 bits"),
    ],
)
def test_what_cannot_be_stored_is_set_aside_and_the_rest_kept(path: Path, changes: dict, reason: str) -> None:
    with Store(path, create=True) as store:
        done = store.add("round", [result(**changes), result(**SERVER)])
        assert [(aside.path, aside.reason) for aside in done.set_aside] == [
            ("closed/Acme/results/box-8/resnet50/Offline", reason)
        ]
        assert len(store.select()) == 1


def test_contradiction_is_set_aside_and_repetition_kept_once(path: Path) -> None:
    with Store(path, create=True) as store:
        done = store.add("round", [result(), result(), result(**SERVER), result(value=1.0, **SERVER)])
        assert (done.results, len(done.set_aside)) == (1, 1)
        assert done.set_aside[0].reason == "two results claim to be resnet50 Server (samples per second) of box-8"


def test_result_of_another_source_is_refused(path: Path) -> None:
    with Store(path, create=True) as store, pytest.raises(InputError, match="takes results of one source, 'a'"):
        store.add("a", [result(source="b")])


HOSTILE = [
    "'; DROP TABLE results; --",
    '<script>alert("x")</script>',
    "=cmd|' /C calc'!A0",
    "\udcff not UTF-8",
    "nul \0 inside",
    "line\nbreak\ttab",
    "ü" * 10_000,
    "",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_are_kept_and_found(path: Path, text: str) -> None:
    hostile = result(submitter=text, notes=text, source="s", system={"name": text, "id": text or "none"})
    with Store(path, create=True) as store:
        store.add("s", [hostile])
        (found,) = store.select()
        shown = text.replace("\udcff", "\\udcff").replace("\0", "\\x00")
        assert (found.submitter, found.notes, found.system.name) == (shown, shown, shown)
        assert store.select(Filter(submitters=(shown,))) == (found,)
        assert store.select(Filter(text=shown)) == (found,)
        assert list(store.dump())
        again = store.add("s", [hostile])
        assert (again.added, again.changed, again.removed) == (0, 0, 0)


def test_missing_file_says_how_to_make_one(path: Path) -> None:
    with pytest.raises(InputError) as caught:
        Store(path)
    assert caught.value.hint == "Make one with: levelfield results import SOURCE --round ROUND"
    assert not path.exists()


@pytest.mark.parametrize("content", [b"x", b"no database at all" * 200, b"SQLite format 3\0" + b"\xff" * 4096])
def test_file_that_is_no_database_is_named(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"results\.sqlite is not a readable database of results"):
        Store(path)
    assert path.read_bytes() == content


def test_damaged_database_is_named_and_not_half_read(path: Path) -> None:
    with Store(path, create=True) as store:
        store.add("round", [result(scenario=f"s{number}") for number in range(200)])
    content = bytearray(path.read_bytes())
    content[8192 : len(content) : 7] = b"\xa5" * len(range(8192, len(content), 7))
    path.write_bytes(bytes(content))
    with pytest.raises(InputError, match=r"results\.sqlite"), Store(path) as store:
        store.select()


def test_database_of_another_program_is_refused_and_untouched(path: Path) -> None:
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE cakes (name TEXT)")
    database.close()
    before = path.read_bytes()
    with pytest.raises(InputError, match="an SQLite database of another program"):
        Store(path, create=True)
    assert path.read_bytes() == before


def test_newer_schema_is_refused_with_what_helps(path: Path) -> None:
    Store(path, create=True).close()
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(InputError, match="has schema 99, this levelfield knows schemas up to 1") as caught:
        Store(path)
    assert "newer levelfield" in str(caught.value)


def test_folder_that_is_missing_is_an_output_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be opened: its folder does not exist"):
        Store(tmp_path / "no" / "results.sqlite", create=True)


def test_readers_go_on_while_an_import_is_open(path: Path) -> None:
    """The writer has written everything but the commit; a reader sees the old database, and afterwards the new one."""
    with Store(path, create=True) as store:
        store.add("round", [result()])
    seen: list[int] = []

    def read() -> None:
        with Store(path) as reader:
            seen.append(len(reader.select()))

    with Store(path) as writer:
        with writer._transaction():
            writer._replace("round", [result(scenario=f"s{number}") for number in range(3000)])
            reading = threading.Thread(target=read)
            reading.start()
            reading.join(timeout=20)
        read()
    assert seen == [1, 3000]


def test_failed_import_leaves_the_old_database(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store(path, create=True) as store:
        store.add("round", [result()])
        before = list(store.dump())
        monkeypatch.setattr("levelfield.results.store.FULL_TEXT", "INSERT INTO nowhere VALUES (1);")
        with pytest.raises(InputError):
            store.add("round", [result(value=1.0)])
        assert list(store.dump()) == before
        monkeypatch.undo()
        assert store.add("round", [result(value=1.0)]).changed == 1


def test_full_disk_leaves_the_old_database(path: Path) -> None:
    with Store(path, create=True) as store:
        store.add("round", [result()])
        before = list(store.dump())
        pages = store._number("PRAGMA page_count")
        store._database.execute(f"PRAGMA max_page_count = {pages + 1}")
        with pytest.raises(OutputError, match="cannot be written: database or disk is full"):
            store.add("round", [result(scenario=f"s{number}") for number in range(500)])
        assert list(store.dump()) == before


def test_two_writers_wait_for_each_other(path: Path) -> None:
    Store(path, create=True).close()

    def write(name: str) -> None:
        with Store(path) as store:
            store.add(name, [result(source=name, scenario=f"{name}{number}") for number in range(300)])

    writers = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    with Store(path) as store:
        assert len(store.select()) == 1200


def test_file_opens_with_plain_sqlite(path: Path) -> None:
    with Store(path, create=True) as store:
        store.add("round", [result(findings=("INF001",))])
    database = sqlite3.connect(path)
    assert database.execute("SELECT submitter, value, accelerators_total FROM results_long").fetchall() == [
        ("Acme", 8000.0, 8)
    ]
    assert database.execute("SELECT count(*) FROM results_fts WHERE results_fts MATCH 'big'").fetchall() == [(1,)]
    assert database.execute("SELECT code FROM findings").fetchall() == [("INF001",)]
    assert database.execute("SELECT text FROM footnotes WHERE code = 'unverified'").fetchall() == [
        ("Result not verified by MLCommons Association.",)
    ]
    database.close()


def test_store_without_full_text_search_works(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Store, "_has_full_text", lambda self: False)
    with Store(path, create=True) as store:
        store.add("round", [result()])
        assert len(store.select(Filter(text="acme"))) == 1
        assert store._number("SELECT count(*) FROM sqlite_master WHERE name = 'results_fts'") == 0
