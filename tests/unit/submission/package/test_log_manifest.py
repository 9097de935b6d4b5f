"""A log that is shown later: verified by its content, refused with what differs, and its cut ends proved."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from levelfield.errors import InputError
from levelfield.submission.package.blocks import blocks_of
from levelfield.submission.package.cut import cut_accuracy_log
from levelfield.submission.package.log_manifest import (
    LoggedFile,
    format_log_manifest,
    problems_of_cut,
    read_log_manifest,
    verify_log,
)


@pytest.fixture
def logs(tmp_path: Path) -> tuple[Path, ...]:
    paths = []
    for name, size in (("one", 20_000), ("two", 30_001)):
        path = tmp_path / name
        path.write_bytes(bytes(32 + (i * i) % 90 for i in range(size)))
        paths.append(path)
    return tuple(paths)


@pytest.fixture
def manifest(tmp_path: Path, logs: tuple[Path, ...]) -> Path:
    path = tmp_path / "accuracy_logs.json"
    entries = tuple(LoggedFile(path=f"results/{log.name}", whole=blocks_of(log)) for log in logs)
    path.write_text(format_log_manifest(entries))
    assert read_log_manifest(path) == entries
    return path


def test_log_is_found_by_its_content(logs: tuple[Path, ...], manifest: Path) -> None:
    assert verify_log(logs[1], manifest).path == "results/two"


def test_one_changed_byte_is_told_with_the_log_of_that_size(logs: tuple[Path, ...], manifest: Path) -> None:
    data = bytearray(logs[0].read_bytes())
    data[10_000] ^= 1
    logs[0].write_bytes(data)
    with pytest.raises(InputError) as caught:
        verify_log(logs[0], manifest)
    assert "one is none of the 2 accuracy logs" in caught.value.message
    assert "of that size there is results/one, with other content" in caught.value.problems[0]


def test_other_size_is_told_with_the_sizes(tmp_path: Path, manifest: Path) -> None:
    (tmp_path / "short").write_bytes(b"[]")
    with pytest.raises(InputError, match=r"found 2 bytes.*their sizes are 20,000, 30,001"):
        verify_log(tmp_path / "short", manifest)


def test_cut_log_is_not_the_whole_one(tmp_path: Path, logs: tuple[Path, ...], manifest: Path) -> None:
    (tmp_path / "cut").write_bytes(cut_accuracy_log(logs[0], tmp_path / "none", max_bytes=10_240).log)
    with pytest.raises(InputError, match="not edited and not cut"):
        verify_log(tmp_path / "cut", manifest)


def test_ends_in_a_tree_are_proved_to_be_those_of_the_log(tmp_path: Path, logs: tuple[Path, ...]) -> None:
    for log in logs:
        found = cut_accuracy_log(log, tmp_path / "none", max_bytes=10_240)
        assert found.whole is not None
        entry = LoggedFile(path=log.name, whole=found.whole)
        assert problems_of_cut(entry, found.log) == ()
        assert problems_of_cut(entry, b"x" + found.log[1:]) == (
            "its beginning is not that of the log with this Merkle root",
        )
        assert problems_of_cut(entry, found.log[:-1] + b"x") == (
            "its end is not that of the log with this Merkle root",
        )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": "levelfield.accuracy-logs/9"}, "found 'levelfield.accuracy-logs/9'"),
        ({"block_bytes": 512}, "with blocks of 4096 bytes"),
        ({"logs": [{"path": "x"}]}, "root: missing, expected a text"),
        ({"logs": 3}, "logs: found 3, expected an array of tables"),
    ],
)
def test_damaged_manifest_is_refused(manifest: Path, change: dict[str, object], message: str) -> None:
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | change))
    with pytest.raises(InputError, match=message):
        read_log_manifest(manifest)


@pytest.mark.parametrize("text", ["", "[1, 2]", "{", "\ud800"])
def test_what_is_no_manifest_is_refused(manifest: Path, text: str) -> None:
    manifest.write_text(text, errors="surrogatepass")
    with pytest.raises(InputError, match=r"accuracy_logs\.json"):
        read_log_manifest(manifest)


def test_proof_that_is_no_hash_is_refused(manifest: Path) -> None:
    document = json.loads(manifest.read_text())
    document["logs"][0]["first_proof"][0] = "zz"
    manifest.write_text(json.dumps(document))
    with pytest.raises(InputError, match=r"first_proof: found \['zz', .* expected a list of SHA-256 in hex"):
        read_log_manifest(manifest)
