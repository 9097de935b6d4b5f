"""How a tree is changed: each function returns a change, which is applied to the root of a copy."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

__all__ = [
    "Change", "add", "append", "both", "copy", "cut", "drop_line", "json_drop", "json_set", "line", "move", "recode",
    "remove", "set_key", "set_summary", "sub", "swap", "write_bytes",
]  # fmt: skip

Change = Callable[[Path], None]


def own(path: Path) -> Path:
    """The file, no longer shared with the tree that it was linked from."""
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content)
    return path


def remove(path: str) -> Change:
    """Take a file or folder away."""

    def change(root: Path) -> None:
        target = root / path
        if target.is_dir():
            shutil.rmtree(target)
        else:
            target.unlink()

    return change


def add(path: str, text: str = "something\n") -> Change:
    """Put a file there."""

    def change(root: Path) -> None:
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        assert not target.exists(), target
        target.write_text(text)

    return change


def move(old: str, new: str) -> Change:
    """Give a file or folder another name."""

    def change(root: Path) -> None:
        (root / new).parent.mkdir(parents=True, exist_ok=True)
        (root / old).rename(root / new)

    return change


def copy(source: str, target: str) -> Change:
    """Put a copy of a file or folder in the place of another."""

    def change(root: Path) -> None:
        if (root / target).is_dir():
            shutil.rmtree(root / target)
        elif (root / target).exists():
            (root / target).unlink()
        if (root / source).is_dir():
            shutil.copytree(root / source, root / target)
        else:
            shutil.copy(root / source, root / target)

    return change


def swap(one: str, other: str) -> Change:
    """Exchange two files or folders."""

    def change(root: Path) -> None:
        (root / one).rename(root / "exchanged")
        (root / other).rename(root / one)
        (root / "exchanged").rename(root / other)

    return change


def write_bytes(path: str, content: bytes) -> Change:
    """Other content."""

    def change(root: Path) -> None:
        own(root / path).write_bytes(content)

    return change


def recode(path: str, encoding: str) -> Change:
    """The same text in another encoding."""

    def change(root: Path) -> None:
        target = own(root / path)
        target.write_bytes(target.read_text().encode(encoding))

    return change


def cut(path: str, share: float) -> Change:
    """Only the first part of a file, which ends in the middle of a line."""

    def change(root: Path) -> None:
        target = own(root / path)
        content = target.read_bytes()
        at = int(len(content) * share)
        begin, end = content.rfind(b"\n", 0, at) + 1, content.find(b"\n", at)
        target.write_bytes(content[: (begin + (end if end > 0 else len(content))) // 2])

    return change


def append(path: str, text: str) -> Change:
    """More text at the end."""

    def change(root: Path) -> None:
        target = own(root / path)
        target.write_text(target.read_text() + text)

    return change


def sub(path: str, pattern: str, replacement: str, *, count: int = 1) -> Change:
    """Replace what a regular expression finds; it must be there."""

    def change(root: Path) -> None:
        target = own(root / path)
        text, number = re.subn(pattern, replacement, target.read_text(), count=count, flags=re.MULTILINE)
        assert number, f"{pattern!r} is not in {path}"
        target.write_text(text)

    return change


def set_key(path: str, key: str, value: str) -> Change:
    """Another value, as spelled, in the first line of a detail log that has the key."""
    return sub(path, rf'("key": "{re.escape(key)}", "value": ).*?(, "time_ms")', rf"\g<1>{value}\g<2>")


def drop_line(path: str, key: str) -> Change:
    """A detail log without the line of a key."""
    return sub(path, rf'^:::MLLOG {{"key": "{re.escape(key)}",.*\n', "")


def set_summary(path: str, label: str, value: str) -> Change:
    """Another value after a label of a summary log."""
    return sub(path, rf"^(\s*{re.escape(label)}\s*: ?).*$", rf"\g<1>{value}")


def line(path: str, key: str, value: str, *, is_error: bool = False) -> Change:
    """A further line at the end of a detail log."""
    flag = "true" if is_error else "false"
    text = (
        f':::MLLOG {{"key": "{key}", "value": {value}, "time_ms": 1.000000, "namespace": "mlperf::logging", '
        f'"event_type": "POINT_IN_TIME", "metadata": {{"is_error": {flag}, "is_warning": false, "file": "x.cc", '
        '"line_no": 1, "pid": 1, "tid": 1}}\n'
    )
    return append(path, text)


def json_set(path: str, **values: object) -> Change:
    """Other values in a JSON object."""

    def change(root: Path) -> None:
        target = own(root / path)
        target.write_text(json.dumps({**json.loads(target.read_text()), **values}, indent=2))

    return change


def json_drop(path: str, name: str) -> Change:
    """A JSON object without one member."""

    def change(root: Path) -> None:
        target = own(root / path)
        document = json.loads(target.read_text())
        del document[name]
        target.write_text(json.dumps(document, indent=2))

    return change


def both(*changes: Change) -> Change:
    """One thing that is wrong in several files."""

    def change(root: Path) -> None:
        for one in changes:
            one(root)

    return change
