"""What reading a tree costs from each kind of source, beside reading the folder: time of opening and of all files.

    python benchmarks/sources.py TREE [--repeat N]

The archives and the repository are made from the folder TREE in a temporary folder. Each measurement is a process of
its own; the kinds take turns, the best of N counts, and files are in the page cache. Time is wall time, so that what
git's process does beside ours counts once; CPU time and memory include git's.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from pathlib import Path

KINDS = ("folder", "zip", "tar", "tar.gz", "git")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tree", type=Path)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measured(arguments.measure)))
        return
    with tempfile.TemporaryDirectory() as folder:
        sources = {kind: made(kind, arguments.tree, Path(folder)) for kind in KINDS}
        runs: dict[str, list[dict[str, float]]] = {kind: [] for kind in KINDS}
        for _ in range(arguments.repeat):
            for kind, source in sources.items():
                command = [sys.executable, __file__, str(arguments.tree), "--measure", source]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                runs[kind].append(json.loads(done.stdout))
    show({kind: {name: min(run[name] for run in found) for name in found[0]} for kind, found in runs.items()})


def made(kind: str, tree: Path, folder: Path) -> str:
    """The tree as a source; what names it."""
    match kind:
        case "folder":
            return str(tree)
        case "zip":
            with zipfile.ZipFile(folder / "tree.zip", "w", zipfile.ZIP_DEFLATED) as archive:
                for path in sorted(tree.rglob("*")):
                    if path.is_file() and ".git" not in path.parts:
                        archive.write(path, path.relative_to(tree))
            return str(folder / "tree.zip")
        case "git":
            options = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "gc.auto=0"]
            git = ["git", f"--git-dir={folder / 'tree.git'}", *options]
            for command in (
                ["init", "-q", "--bare"],
                [f"--work-tree={tree}", "add", "-A", "-f"],
                [f"--work-tree={tree}", "commit", "-q", "-m", "x"],
                ["gc", "-q"],
            ):
                subprocess.run([*git, *command], check=True)
            return f"git:{folder / 'tree.git'}"
        case _:
            path = folder / f"tree.{kind}"
            with tarfile.open(path, f"w:{kind.removeprefix('tar').lstrip('.')}") as archive:  # type: ignore[call-overload]
                archive.add(tree, arcname=".", filter=lambda member: None if "/.git" in member.name else member)
            return str(path)


def measured(text: str) -> dict[str, float]:
    """One pass over a source in this process."""
    from levelfield.submission.sources.open import open_source

    start = time.perf_counter()
    source = open_source(text)
    opened = time.perf_counter()
    count = sum(len(source.read(entry.path)) for entry in source.files())
    done = time.perf_counter()
    files = len(source.files())
    source.close()
    spent = os.times()
    memory = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return {
        "open_s": opened - start,
        "read_s": done - opened,
        "cpu_s": sum(spent[:4]),
        "self_mib": memory[0] / 1024,
        "git_mib": memory[1] / 1024,
        "files": files,
        "mib": count / (1 << 20),
    }


def show(found: dict[str, dict[str, float]]) -> None:
    """A table, each kind beside the folder."""
    folder = found["folder"]
    print(f"{folder['files']:.0f} files, {folder['mib']:.1f} MiB")
    print(f"{'source':<8}{'open ms':>9}{'read ms':>9}{'both, x folder':>16}{'CPU ms':>8}{'MiB':>6}{'git MiB':>9}")
    whole = folder["open_s"] + folder["read_s"]
    for kind, run in found.items():
        ratio = (run["open_s"] + run["read_s"]) / whole
        print(
            f"{kind:<8}{run['open_s'] * 1e3:>9.0f}{run['read_s'] * 1e3:>9.0f}{ratio:>16.1f}"
            f"{run['cpu_s'] * 1e3:>8.0f}{run['self_mib']:>6.0f}{run['git_mib']:>9.0f}"
        )


if __name__ == "__main__":
    main()
