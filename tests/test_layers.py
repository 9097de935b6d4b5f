"""Imports point one way: cli, then suites, then workloads and engines, then rules and pure parts, then leaves."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "levelfield"
LEAVES = {"errors", "frozen", "units", "files", "terms"}
PURE = {"rules", "formats", "metrics", "stats"}
SUITES = {"inference", "training", "mobile", "tiny", "power", "endpoint"}
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "frozen": set(),
    "units": set(),
    "terms": set(),
    "files": {"errors"},
    **dict.fromkeys(PURE, LEAVES),
    "page": LEAVES,
    "system": LEAVES | PURE,
    "loadgen": LEAVES | PURE,
    "backends": LEAVES | PURE,
    "workloads": LEAVES | PURE | {"backends"},
    "results": LEAVES | PURE | {"page"},
    "submission": LEAVES | PURE | {"results"},
    "compat": LEAVES | PURE | {"loadgen"},
    **dict.fromkeys(SUITES, LEAVES | PURE | {"page", "system", "loadgen", "backends", "workloads"}),
}
ROOMS = sorted({path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in PACKAGE.rglob("*.py")})


def imports_of(path: Path) -> set[str]:
    """The rooms of levelfield that a file imports, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import; write the whole name"
            names = [node.module or ""]
            if node.module == "levelfield":
                names = [f"levelfield.{alias.name}" for alias in node.names]
        found |= {name.split(".")[1] for name in names if name.startswith("levelfield.")}
    return found


@pytest.mark.parametrize("room", [room for room in ROOMS if room not in {"__init__", "__main__", "cli"}])
def test_room_imports_only_what_lies_below(room: str) -> None:
    files = [PACKAGE / f"{room}.py"] if (PACKAGE / f"{room}.py").exists() else (PACKAGE / room).rglob("*.py")
    for path in files:
        above = imports_of(path) - MAY_IMPORT[room] - {room, "__version__"}
        assert not above, f"{path.relative_to(PACKAGE)} imports {sorted(above)}"


def test_only_the_command_line_prints_or_exits() -> None:
    for path in PACKAGE.rglob("*.py"):
        if path.relative_to(PACKAGE).parts[0] in {"cli", "__main__.py"}:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in {"print", "exit", "quit", "input"}, f"{path}:{node.lineno}"


TORCH_FILES = {"network.py"}
"""Networks in torch: they define classes of its kind, so it is imported at their top."""

WITHOUT_TORCH = {"__init__.py", "settings.py", "port.py", "catalog.py", "needs.py", "request.py"}
"""Of the training suite, whose other files are about torch: what can be listed where it is not installed."""


def is_torch_file(path: Path) -> bool:
    in_training = path.relative_to(PACKAGE).parts[0] == "training"
    return path.name in TORCH_FILES or (in_training and path.name not in WITHOUT_TORCH)


def test_only_training_imports_networks_in_torch_and_what_exports_them() -> None:
    for path in PACKAGE.rglob("*.py"):
        if path.relative_to(PACKAGE).parts[0] == "training" or path.name in TORCH_FILES | {"export.py"}:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            name = node.module if isinstance(node, ast.ImportFrom) else None
            exports = (name or "").startswith("levelfield.workloads.") and (name or "").endswith(".export")
            assert not exports, f"{path}:{node.lineno}"
            assert not (name or "").endswith(".network"), f"{path}:{node.lineno}"


def test_heavy_libraries_are_imported_inside_functions() -> None:
    heavy = {"onnxruntime", "torch", "cv2", "openvino", "onnx", "sklearn", "scipy", "rich", "pyarrow", "duckdb"}
    for path in PACKAGE.rglob("*.py"):
        allowed = {"torch"} if is_torch_file(path) else set()
        for node in ast.parse(path.read_text()).body:
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            assert not {name.split(".")[0] for name in names} & heavy - allowed, f"{path}:{node.lineno}"
