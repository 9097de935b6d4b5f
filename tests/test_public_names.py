"""Every module says what is public, and what it says is true."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

SRC = Path(__file__).parents[1] / "src"


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(SRC).with_suffix("").parts).removesuffix(".__init__")


MODULES = {name_of(path): path for path in sorted((SRC / "levelfield").rglob("*.py"))}
"""By name."""


def tree(name: str) -> ast.Module:
    return ast.parse(MODULES[name].read_text())


def defined(module: ast.Module) -> set[str]:
    """The names without an underscore that a module defines itself at its top."""
    names: set[str] = set()
    for node in module.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return {name for name in names if not name.startswith("_")}


@pytest.mark.parametrize("name", MODULES)
def test_module_has_a_docstring(name: str) -> None:
    text = ast.get_docstring(tree(name))
    assert text
    assert text.splitlines()[0].endswith((".", ":"))


@pytest.mark.parametrize("name", [name for name in MODULES if not name.endswith("__main__")])
def test_public_names_exist(name: str) -> None:
    if name.endswith(".network"):  # networks in torch, imported by tools and training alone
        pytest.importorskip("torch")
    module = importlib.import_module(name)
    listed = getattr(module, "__all__", None)
    if listed is None:
        assert not defined(tree(name)), "it defines names, so it needs __all__"
        return
    assert len(set(listed)) == len(listed)
    assert sorted(listed) == sorted(listed, key=str)
    missing = [public for public in listed if not hasattr(module, public)]
    assert not missing


def imported_from(name: str) -> list[tuple[str, str]]:
    """Module and name of everything of ours that a module imports by name."""
    return [
        (node.module, alias.name)
        for node in ast.walk(tree(name))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "levelfield"
        for alias in node.names
    ]


def test_nothing_private_is_imported_from_another_module() -> None:
    found = [f"{name}: {module}.{what}" for name in MODULES for module, what in imported_from(name) if what[0] == "_"]
    assert [line for line in found if not line.endswith(".__version__")] == []


def test_what_other_modules_import_is_public() -> None:
    """A name that another module uses is listed in its home's ``__all__``."""
    unlisted = []
    for name in MODULES:
        for module, what in imported_from(name):
            listed = getattr(importlib.import_module(module), "__all__", ())
            if what not in listed and f"{module}.{what}" not in MODULES:
                unlisted.append(f"{module}.{what} (used by {name})")
    assert unlisted == []
