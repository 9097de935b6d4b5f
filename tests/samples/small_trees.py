"""Small trees of files, and the same tree as every kind of source."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

TREE = {
    "closed/Acme/systems/a.json": b"{}\n",
    "closed/Acme/results/a/resnet50/Offline/accuracy/accuracy.txt": b"accuracy=76.1%",
    "closed/Acme/results/a/resnet50/Offline/performance/run_1/mlperf_log_detail.txt": b":::MLLOG {}\n" * 5000,
    "closed/Acme/empty.txt": b"",
    "open/caf\u00e9/README.md": "na\u00efve".encode(),
}
"""Path to bytes."""
KINDS = ("folder", "zip", "tar", "tar.gz", "tar.bz2", "tar.xz", "git")


def write_folder(root: Path, tree: Mapping[str, bytes] = TREE) -> Path:
    for path, data in tree.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    return root


def zip_of(tree: Mapping[str, bytes] = TREE, *, packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", packing) as archive:
        for path, data in tree.items():
            archive.writestr(path, data)
    return out.getvalue()


def tar_of(tree: Mapping[str, bytes] = TREE, *, packing: str = "", form: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=f"w:{packing}", format=form) as archive:
        for path, data in tree.items():
            member = tarfile.TarInfo(path)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


def git(repository: Path, *arguments: str, text: bytes = b"") -> str:
    """What a git command prints; with a person and a time that are always the same."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | {
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        **{f"GIT_{who}_{what}": "a@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
        **{f"GIT_{who}_DATE": "2022-04-06T00:00:00Z" for who in ("AUTHOR", "COMMITTER")},
    }
    command = ["git", "-C", str(repository), "-c", "init.defaultBranch=main", *arguments]
    done = subprocess.run(command, input=text, capture_output=True, env=environment, check=True)
    return done.stdout.decode().strip()


def write_repository(root: Path, tree: Mapping[str, bytes] = TREE) -> Path:
    write_folder(root, tree)
    git(root, "init", "-q")
    git(root, "add", "-A", "-f")
    git(root, "commit", "-q", "-m", "x")
    return root


def source_text(kind: str, folder: Path, tree: Mapping[str, bytes] = TREE) -> str:
    """The tree as a source of a kind, in an empty folder; what the user would name it."""
    folder.mkdir(parents=True, exist_ok=True)
    if kind == "folder":
        return str(write_folder(folder / "tree", tree))
    if kind == "git":
        return f"git:{write_repository(folder / 'repository', tree)}"
    path = folder / f"tree.{kind}"
    path.write_bytes(zip_of(tree) if kind == "zip" else tar_of(tree, packing=kind.removeprefix("tar").lstrip(".")))
    return str(path)
