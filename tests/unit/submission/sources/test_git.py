from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pytest
from small_trees import TREE, git, source_text, write_folder, write_repository

from levelfield.errors import InputError, MissingError, UsageError
from levelfield.submission.sources.bounds import Bounds
from levelfield.submission.sources.git import GitSource
from levelfield.submission.sources.open import open_source
from levelfield.submission.sources.port import Entry, Refused

OLD = {"closed/a": b"old", "closed/sub/b": b"b"}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Two commits on ``main``, the first tagged; the working tree differs from both."""
    root = write_repository(tmp_path / "round", OLD)
    git(root, "tag", "v2.0-review")
    write_folder(root, {"closed/a": b"new"})
    git(root, "commit", "-q", "-a", "-m", "y")
    write_folder(root, {"closed/a": b"not committed", "closed/stray": b""})
    return root


def commit(root: Path, tree_text: str) -> None:
    """A commit of a hand-made tree, on the branch ``odd``."""
    tree = git(root, "mktree", "--missing", "-z", text=tree_text.encode("utf-8", "surrogateescape"))
    git(root, "update-ref", "refs/heads/odd", git(root, "commit-tree", tree, text=b"z"))


def test_the_commit_is_read_and_not_the_working_tree(repository: Path) -> None:
    source = open_source(f"git:{repository}")
    assert source.read("closed/a") == b"new"
    assert source.files() == (Entry("closed/a", 3), Entry("closed/sub/b", 1))
    assert source.revision == git(repository, "rev-parse", "HEAD")
    source.close()


@pytest.mark.parametrize(
    ("behind", "files"),
    [
        ("@v2.0-review", ["closed/a", "closed/sub/b"]),
        ("@main~1:closed", ["a", "sub/b"]),
        (":closed/sub", ["b"]),
        (":closed/sub/", ["b"]),
        ("@:closed", ["a", "sub/b"]),
        ("@HEAD", ["closed/a", "closed/sub/b"]),
    ],
)
def test_revision_and_folder(repository: Path, behind: str, files: list[str]) -> None:
    source = open_source(f"git:{repository}{behind}")
    assert [entry.path for entry in source.files()] == files
    source.close()


def test_a_hash_and_a_bare_repository(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(repository), "bare.git")
    first = git(repository, "rev-parse", "v2.0-review")
    source = open_source(f"git:{tmp_path / 'bare.git'}@{first[:10]}")
    assert (source.revision, source.read("closed/a")) == (first, b"old")
    source.close()


def test_a_path_with_the_marks_of_the_spelling_is_found(tmp_path: Path) -> None:
    root = write_repository(tmp_path / "a@b:c", OLD)
    source = open_source(f"git:{root}@main:closed")
    assert source.read("a") == b"old"
    source.close()


def test_an_unknown_revision_names_the_near_ones(repository: Path) -> None:
    with pytest.raises(InputError, match=r"no commit 'v2\.0-reveiw' in this repository") as caught:
        open_source(f"git:{repository}@v2.0-reveiw")
    assert caught.value.hint == "Did you mean: v2.0-review?"
    with pytest.raises(InputError) as caught:
        open_source(f"git:{repository}@zzz")
    assert caught.value.hint == "It has: main, v2.0-review"


def test_an_unknown_folder_names_what_is_there(repository: Path) -> None:
    with pytest.raises(InputError, match="has no folder 'clsed'") as caught:
        open_source(f"git:{repository}:clsed")
    assert caught.value.hint == "Folders at its top: closed."
    with pytest.raises(InputError, match="has no folder 'closed/a'"):
        open_source(f"git:{repository}:closed/a")


@pytest.mark.parametrize(
    "behind", ["@--output=/tmp/x", "@-h", "@main\n", "@main^{tree}", "@" + "m" * 5000, "@:(glob)**"]
)
def test_a_revision_is_never_an_option(repository: Path, behind: str) -> None:
    with pytest.raises(InputError):
        open_source(f"git:{repository}{behind}")


@pytest.mark.parametrize("subtree", ["../x", "closed/../..", "x" * 5000, "a\nb"])
def test_a_folder_outside_is_an_error(repository: Path, subtree: str) -> None:
    with pytest.raises(InputError):
        open_source(f"git:{repository}:{subtree}")


def test_what_is_no_repository_is_an_error(tmp_path: Path, repository: Path) -> None:
    with pytest.raises(InputError, match="is no git repository that can be read"):
        open_source(f"git:{tmp_path}")
    with pytest.raises(InputError, match="is no git repository that can be read"):
        open_source(f"git:{repository / 'closed'}")  # of the repository above it, nothing is read
    with pytest.raises(UsageError, match="no part of it is a folder"):
        open_source(f"git:{tmp_path / 'gone'}@main")
    with pytest.raises(InputError, match="there is no folder"):
        GitSource(tmp_path / "gone")


def test_an_empty_repository_says_that_nothing_was_committed(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    with pytest.raises(InputError, match="no commit 'HEAD'") as caught:
        open_source(f"git:{tmp_path}")
    assert "nothing was committed yet" in str(caught.value.hint)


def test_links_submodules_and_missing_objects(repository: Path) -> None:
    blob = git(repository, "rev-parse", "HEAD:closed/a")
    inside, outside = (git(repository, "hash-object", "-w", "--stdin", text=text) for text in (b"a", b"../x"))
    entries = [
        f"100644 blob {blob}\ta",
        f"100644 blob {'1' * 40}\tgone",
        f"120000 blob {inside}\tinside",
        f"120000 blob {outside}\toutside",
        f"160000 commit {'2' * 40}\tsubmodule",
        f"100755 blob {blob}\tcaf\udce9",
        f"100644 blob {blob}\tbad\nname",
    ]
    commit(repository, "".join(entry + "\0" for entry in entries))
    source = open_source(f"git:{repository}@odd")
    assert [entry.path for entry in source.files()] == ["a", "caf\udce9", "inside"]
    assert source.read("inside") == b"new"
    assert source.refused() == (
        Refused(path="bad\nname", reason="a control character in the name"),
        Refused(path="gone", reason="its object is missing from the repository"),
        Refused(path="outside", reason="a link that leaves the tree: ../x"),
        Refused(path="submodule", reason="a submodule: its files are in another repository"),
    )
    source.close()


def test_an_object_that_goes_missing_is_an_error_and_the_others_are_read(repository: Path) -> None:
    source = open_source(f"git:{repository}")
    blob = git(repository, "rev-parse", "HEAD:closed/a")
    (repository / ".git/objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(InputError, match="git cannot give closed/a: its object is missing or damaged") as caught:
        source.read("closed/a")
    assert "fsck" in str(caught.value.hint)
    assert source.read("closed/sub/b") == b"b"
    source.close()


def test_a_damaged_object_is_an_error(repository: Path) -> None:
    source = open_source(f"git:{repository}")
    blob = git(repository, "rev-parse", "HEAD:closed/a")
    path = repository / ".git/objects" / blob[:2] / blob[2:]
    path.chmod(0o644)
    path.write_bytes(b"\0" * 20)
    with pytest.raises(InputError, match="git cannot give closed/a"):
        source.read("closed/a")
    source.close()


def test_a_missing_tree_is_an_error(repository: Path) -> None:
    commit(repository, f"040000 tree {'3' * 40}\tclosed\0")
    with pytest.raises(InputError, match="git cannot list"):
        open_source(f"git:{repository}@odd")


@pytest.mark.parametrize("leaf", ["file", "empty tree"])
def test_trees_in_trees_that_multiply_are_stopped(repository: Path, leaf: str) -> None:
    """Ten levels of ten times the same tree: ten thousand million files, or none at all, in eleven objects."""
    if leaf == "file":
        entry = f"100644 blob {git(repository, 'rev-parse', 'HEAD:closed/a')}"
    else:
        entry = f"040000 tree {git(repository, 'mktree')}"
    for _ in range(10):
        tree = git(repository, "mktree", "-z", text="".join(f"{entry}\tf{n}\0" for n in range(10)).encode())
        entry = f"040000 tree {tree}"
    commit(repository, f"{entry}\tclosed\0")
    with pytest.raises(InputError, match="holds more than 20,000 entries"):
        open_source(f"git:{repository}@odd", bounds=Bounds(files=20_000))


def test_a_long_object_is_read_from_its_beginning_and_the_next_one_is_right(tmp_path: Path) -> None:
    root = write_repository(tmp_path, {"a": bytes(20 << 20), "b": b"bb"})
    source = open_source(f"git:{root}")
    assert source.read("a", limit=3) == b"\0\0\0"
    assert source.read("b") == b"bb"
    assert source.read("a", limit=19 << 20) == bytes(19 << 20)
    assert source.read("b") == b"bb"
    source.close()


def test_a_repository_cannot_make_git_start_a_program(repository: Path, tmp_path: Path) -> None:
    """A partial clone fetches what is missing, over whatever program its configuration names."""
    mark = tmp_path / "started"
    script = tmp_path / "program"
    script.write_text(f"#!/bin/sh\ntouch {mark}\n")
    script.chmod(0o755)
    for key, value in (
        ("core.repositoryFormatVersion", "1"),
        ("extensions.partialClone", "origin"),
        ("remote.origin.url", f"ext::{script} %S"),
        ("remote.origin.promisor", "true"),
        ("protocol.ext.allow", "always"),
        ("core.sshCommand", str(script)),
        ("core.fsmonitor", str(script)),
        ("core.pager", str(script)),
    ):
        git(repository, "config", key, value)
    commit(repository, f"100644 blob {'1' * 40}\tgone\0")
    with suppress(InputError):
        open_source(f"git:{repository}@odd").close()
    assert not mark.exists()


def test_the_environment_cannot_point_git_elsewhere(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = write_repository(tmp_path / "other", {"x": b""})
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    source = open_source(f"git:{repository}")
    assert source.read("closed/a") == b"new"
    source.close()


def test_without_git_the_message_says_what_to_install(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MissingError, match="There is no git on this machine"):
        open_source(f"git:{repository}")


def test_no_process_is_left(tmp_path: Path) -> None:
    source = open_source(source_text("git", tmp_path))
    source.read(next(iter(TREE)))
    process = source._reader._process
    assert process is not None
    source.close()
    assert process.returncode is not None
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)


@pytest.mark.parametrize("text", ["", "git:", "a\0b", "/gone", "git:/gone", "x" * 5000, "git:" + "x" * 5000])
def test_what_names_nothing_is_an_error_that_shows_the_spelling(text: str) -> None:
    with pytest.raises((UsageError, InputError)) as caught:
        open_source(text)
    assert "git:REPO[@REV][:SUBTREE]" in str(caught.value.hint) or "too long" in str(caught.value)
