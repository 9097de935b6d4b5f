"""Write the pages that say what the checker looks at, and how it is held: ``docs/checks.md`` and ``docs/mutations.md``.

Run ``python tools/check_reference.py``; ``--check`` writes nothing and fails where a page is not what it should be.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "samples"))

from power_mutations import MUTATIONS as SESSION_MUTATIONS  # noqa: E402 - in a folder of the tests
from tree_mutations import CONSEQUENCES, MUTATIONS  # noqa: E402

from levelfield.submission.inference.checks import INFERENCE  # noqa: E402
from levelfield.submission.read_round import READING_CHECKS  # noqa: E402
from levelfield.submission.training.checks import TRAINING  # noqa: E402

CHECKS_HEAD = """# What the checker looks at

Made by `tools/check_reference.py` from the checks themselves. `levelfield submission explain CODE` prints all that is
said of one; *official* marks what the official submission checker of the round looks at too, or only logs;
where it names another tool, that one does.

| code | what | weighs | official | rule |
|---|---|---|---|---|
"""
MUTATIONS_HEAD = """# How the checker is held

Made by `tools/check_reference.py`. Each line changes one thing in a valid tree, and a test
(`tests/e2e/test_tree_mutations.py`, `tests/unit/submission/power/`) asks for exactly these codes, the first at this
file. The valid tree is run, audited and packaged by levelfield itself in virtual time; unmutated it gives nothing but
the note that levelfield's own load generator measured. `tests/conformance/test_real_tree_mutations.py` does the same to
published results.

| changed | found | at | and so |
|---|---|---|---|
"""
SESSIONS_HEAD = """
## Measured power

| changed | found | at |
|---|---|---|
"""


def cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def checks_page() -> str:
    weights = {check.code: check.weights for check in (*INFERENCE.every, *TRAINING.every)}
    weights |= {check.text.code: str(check.severity) for check in READING_CHECKS}
    texts = (*INFERENCE.texts, *TRAINING.texts, *(check.text for check in READING_CHECKS))
    rows = [
        f"| {text.code} | {cell(text.title)} | {weights.get(text.code, 'by what is found')} | "
        f"{'yes' if text.official else cell(text.also)} | {cell(text.clause)} |"
        for text in texts
    ]
    return CHECKS_HEAD + "\n".join(rows) + "\n"


def mutations_page() -> str:
    rows = [
        f"| {cell(one.name)} | {one.code} | `{one.path.removeprefix('closed/Example/')}` | "
        f"{', '.join(CONSEQUENCES.get(one.name, ()))} |"
        for one in MUTATIONS
    ]
    sessions = []
    for name, one in SESSION_MUTATIONS.items():
        expected = sorted(one.expected)
        codes = ", ".join(dict.fromkeys(found[0] for found in expected)) or "nothing"
        files = ", ".join(f"`{file}`" for file in dict.fromkeys(str(found[2]) for found in expected))
        sessions.append(f"| {cell(name)} | {codes} | {files} |")
    return MUTATIONS_HEAD + "\n".join(rows) + "\n" + SESSIONS_HEAD + "\n".join(sessions) + "\n"


PAGES = {"checks.md": checks_page, "mutations.md": mutations_page}


def main() -> int:
    stale = []
    for name, page in PAGES.items():
        path, text = ROOT / "docs" / name, page()
        if path.exists() and path.read_text() == text:
            continue
        if "--check" in sys.argv:
            stale.append(name)
        else:
            path.write_text(text)
            print(path.relative_to(ROOT))
    if stale:
        print(f"Not up to date: {', '.join(stale)}. Run python tools/check_reference.py.", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
