"""Law: whatever bytes an archive or a repository holds, it is read or refused; nothing leaves the tree, nothing breaks.

Run time and examples are stated in ``docs/design/0009-sources-and-hostile-input.md``.
"""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutations import damaged, fuzz
from small_trees import TREE, tar_of, write_repository, zip_of

from levelfield.errors import LevelfieldError
from levelfield.submission.sources.bounds import Bounds
from levelfield.submission.sources.listing import Collector
from levelfield.submission.sources.open import open_source

SMALL = {path: data[:2000] for path, data in TREE.items()}
BOUNDS = Bounds(files=2000, total_bytes=1 << 22, ratio_free_bytes=1 << 22, refused=50, read_bytes=1 << 21)
NAMES = st.text(st.sampled_from("ab./\\:\0\n\u00e9\udce9"), max_size=12)


def read_all(text: str) -> None:
    """Read a source to the end; what is read stays within what was announced."""
    try:
        source = open_source(text, bounds=BOUNDS)
    except LevelfieldError:
        return
    try:
        paths = [entry.path for entry in source.files()]
        assert paths == sorted(set(paths))
        assert len(source.refused()) <= BOUNDS.refused + 1
        for entry in source.files():
            assert not entry.path.startswith("/")
            assert not {"..", ".", ""} & set(entry.path.split("/"))
            for limit in (7, None):
                try:
                    found = source.read(entry.path, limit=limit)
                except LevelfieldError:
                    continue
                assert len(found) == (entry.size if limit is None else min(7, entry.size))
    finally:
        source.close()


@fuzz(150)
@given(damaged(*(zip_of(SMALL, packing=packing) for packing in (zipfile.ZIP_STORED, 8, 12))))
def test_zip(data: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x.zip"
        path.write_bytes(data)
        read_all(str(path))


@fuzz(150)
@given(
    damaged(*(tar_of(SMALL, packing=packing, form=form) for packing in ("", "gz", "bz2", "xz") for form in (0, 1, 2)))
)
def test_tar(data: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x.tar"
        path.write_bytes(data)
        read_all(str(path))


def with_sums(data: bytes) -> bytes:
    """A tar whose headers have right checksums again, as one who means harm would write it."""
    blocks = [data[at : at + 512] for at in range(0, len(data), 512)]
    for index, block in enumerate(blocks):
        if block[257:262] == b"ustar" and len(block) == 512:
            total = sum(block[:148]) + sum(block[156:]) + 8 * 32
            blocks[index] = block[:148] + b"%06o\0 " % total + block[156:]
    return b"".join(blocks)


@fuzz(150)
@given(damaged(*(tar_of(SMALL, form=form) for form in (0, 1, 2))), st.sampled_from([bytes, gzip.compress]))
def test_tar_with_right_checksums(data: bytes, pack: Callable[[bytes], bytes]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x.tar"
        path.write_bytes(pack(with_sums(data)))
        read_all(str(path))


@fuzz(150)
@given(st.data())
def test_zip_with_a_damaged_directory(data: st.DataObject) -> None:
    """All damage is where the names, sizes and places are."""
    whole = zip_of(SMALL)
    at, end = whole.index(b"PK\x01\x02"), whole.index(b"PK\x05\x06")
    directory = bytearray(whole[at:end])
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(directory) - 1))
        directory[place] = data.draw(st.sampled_from([0, 1, 8, 12, 0x2E, 0x2F, 0x7F, 0xFF]))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x.zip"
        path.write_bytes(whole[:at] + directory + whole[end:])
        read_all(str(path))


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_repository(tmp_path_factory.mktemp("fuzz") / "repository", SMALL)


@fuzz(60)
@given(st.data())
def test_git(repository: Path, data: st.DataObject) -> None:
    """One file of the repository is damaged: an object, a reference, the configuration."""
    kinds = ("objects/", "HEAD", "config", "refs/heads", "index")
    files = sorted(path for path in (repository / ".git").rglob("*") if path.is_file() and "hooks" not in path.parts)
    files = [path for path in files if str(path.relative_to(repository / ".git")).startswith(kinds)]
    path = data.draw(st.sampled_from(files))
    original = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(data.draw(damaged(original)))
    try:
        read_all(f"git:{repository}")
    finally:
        path.write_bytes(original)


@fuzz(40)
@given(st.sampled_from("@:"), st.text(st.sampled_from("a@:/.-^~{}\0\n*\udce9"), max_size=8) | st.just("main:closed"))
def test_git_spellings(repository: Path, mark: str, text: str) -> None:
    read_all(f"git:{repository}{mark}{text}")


@fuzz(150)
@given(
    files=st.lists(st.tuples(NAMES, st.integers(0, 100)), max_size=8),
    links=st.lists(st.tuples(NAMES, NAMES), max_size=8),
    hard=st.lists(st.tuples(NAMES, NAMES), max_size=3),
    archive=st.booleans(),
)
def test_names_and_links(
    files: list[tuple[str, int]], links: list[tuple[str, str]], hard: list[tuple[str, str]], *, archive: bool
) -> None:
    collector: Collector[str] = Collector("x", BOUNDS)
    for path, size in files:
        collector.add(path, size, path)
    for path, target in links:
        collector.add_link(path, target)
    for path, target in hard:
        collector.add_hard_link(path, target.encode("utf-8", "surrogateescape"))
    found = collector.finish(archive=archive)
    real = {path for path, _ in files}
    paths = {entry.path for entry in found.files}
    for path in paths:
        assert found.place(path) in real
        assert not path.startswith("/")
        assert not {"..", ".", ""} & set(path.split("/"))
        assert not any(path.startswith(f"{other}/") for other in paths), "a file is a folder too"
