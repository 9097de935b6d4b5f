from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from small_trees import write_folder, write_repository

from levelfield.errors import InputError
from levelfield.submission.sources.folder import FolderSource
from levelfield.submission.sources.port import Refused

SECRET = b"not yours"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_bytes(SECRET)
    return write_folder(tmp_path / "tree", {"closed/a": b"a", "closed/d/b": b"bb"})


def test_links_are_followed_inside_and_refused_outside(root: Path) -> None:
    (root / "closed/in").symlink_to("d/b")
    (root / "closed/out").symlink_to("../../secret")
    (root / "closed/absolute").symlink_to(root / "closed/a")
    source = FolderSource(root)
    assert source.read("closed/in") == b"bb"
    assert [entry.path for entry in source.refused()] == ["closed/absolute", "closed/out"]
    assert source.refused()[1] == Refused(path="closed/out", reason="a link that leaves the tree: ../../secret")
    with pytest.raises(InputError, match="does not give closed/out"):
        source.read("closed/out")


def test_pipes_and_sockets_are_refused_and_never_opened(root: Path) -> None:
    os.mkfifo(root / "closed/pipe")
    assert FolderSource(root).refused() == (Refused(path="closed/pipe", reason="a pipe"),)


def test_a_folder_with_a_bad_name_is_named_once(root: Path) -> None:
    write_folder(root, {"closed/bad\nname/x": b"", "closed/bad\nname/y": b""})
    source = FolderSource(root)
    assert source.refused() == (
        Refused(path="closed/bad\nname", reason="a control character in the name; nothing below it is read"),
    )


def test_a_name_that_is_not_utf8_is_read(root: Path) -> None:
    Path(os.fsdecode(os.fsencode(root) + b"/closed/caf\xe9")).write_bytes(b"x")
    assert FolderSource(root).read("closed/caf\udce9") == b"x"


def test_a_tree_deeper_than_a_path_may_be_is_refused_at_the_bound(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    for _ in range(3_000):
        Path("d").mkdir()
        os.chdir("d")
    try:
        source = FolderSource(root)
        assert [entry.path for entry in source.files()] == ["closed/a", "closed/d/b"]
        (refused,) = source.refused()
        assert refused.path == "/".join(["d"] * 130)
        assert refused.reason == "more than 128 folders deep; nothing below it is read"
    finally:
        for _ in range(3_000):
            os.chdir("..")
            Path("d").rmdir()


def test_the_repository_of_a_checkout_is_passed_over(tmp_path: Path) -> None:
    assert [entry.path for entry in FolderSource(write_repository(tmp_path, {"a": b""})).files()] == ["a"]


def test_a_folder_is_listed_when_its_files_are_asked_for(root: Path) -> None:
    source = FolderSource(root)
    (root / "closed/later").write_bytes(b"")
    assert "closed/later" in {entry.path for entry in source.files()}
    (root / "closed/still-later").write_bytes(b"")
    assert "closed/still-later" not in {entry.path for entry in source.files()}
    gone = FolderSource(root / "gone")
    with pytest.raises(InputError, match="gone cannot be read as a folder: No such file"):
        gone.files()


def test_what_changed_meanwhile_is_an_error_or_read_as_it_is(root: Path) -> None:
    source = FolderSource(root)
    source.files()
    (root / "closed/a").unlink()
    with pytest.raises(InputError, match="closed/a cannot be read: No such file"):
        source.read("closed/a")
    os.mkfifo(root / "closed/a")
    with pytest.raises(InputError, match="closed/a was a file and is none any more"):
        source.read("closed/a")
    (root / "closed/a").unlink()
    (root / "closed/a").symlink_to("../../secret")
    with pytest.raises(InputError, match="closed/a cannot be read: Too many levels of symbolic links"):
        source.read("closed/a")
    (root / "closed/d/b").write_bytes(b"longer")
    assert source.read("closed/d/b") == b"longer"


def test_a_folder_on_the_way_that_became_a_link_is_not_followed(root: Path) -> None:
    source = FolderSource(root)
    source.files()
    (root / "closed/d/b").unlink()
    (root / "closed/d").rmdir()
    (root / "b").write_bytes(SECRET)
    (root.parent / "b").write_bytes(SECRET)
    (root / "closed/d").symlink_to("../..")
    with pytest.raises(InputError, match="closed/d/b is in another place by now"):
        source.read("closed/d/b")


def test_a_folder_without_permission_is_told_of(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = os.scandir

    def forbidden(path: str) -> object:  # root may list everything, so the answer is made up
        if str(path).endswith("closed/d"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return listed(path)

    monkeypatch.setattr(os, "scandir", forbidden)
    assert FolderSource(root).refused() == (
        Refused(path="closed/d", reason="a folder that cannot be listed: Permission denied"),
    )


def test_a_large_log_is_read_from_its_beginning(root: Path) -> None:
    with (root / "closed/log").open("wb") as stream:
        stream.write(b":::MLLOG")
        stream.truncate(2 << 30)
    source = FolderSource(root)
    assert source.read("closed/log", limit=8) == b":::MLLOG"
    with pytest.raises(InputError, match="has 2,147,483,648 bytes"):
        source.read("closed/log")
