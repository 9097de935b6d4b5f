"""How the command line ends: at once, and nothing is lost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BOUND_S = 60
MAIN = "from levelfield.cli import main; main(['rules', 'list'])"
USAGE = "from levelfield.cli import main; main(['no-such-command'])"
AT_EXIT = "import atexit; atexit.register(print, 'said at the end'); "
THREAD = (
    "import threading, time; threading.Thread(target=lambda: (time.sleep(0.5), print('said by a thread'))).start(); "
)


def ended(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=BOUND_S, check=False)


def test_what_was_written_and_what_is_done_at_the_end() -> None:
    found = ended("-c", AT_EXIT + MAIN)
    assert (found.returncode, found.stderr) == (0, "")
    assert "inference-v2.0" in found.stdout
    assert found.stdout.endswith("said at the end\n")
    assert found.stdout.count("said at the end") == 1


def test_the_exit_code_is_the_command_s() -> None:
    found = ended("-c", AT_EXIT + USAGE)
    assert found.returncode == 2
    assert found.stdout == "said at the end\n"
    assert "no-such-command" in found.stderr


def test_another_thread_is_waited_for() -> None:
    found = ended("-c", THREAD + AT_EXIT + MAIN)
    assert found.returncode == 0
    assert found.stdout.endswith("said by a thread\nsaid at the end\n")


@pytest.mark.parametrize("watcher", [("-m", "cProfile"), ("-m", "trace", "--count", "--summary", "--missing")])
def test_who_watches_has_the_last_word(watcher: tuple[str, ...], tmp_path: Path) -> None:
    # Without a folder of its own, trace writes a file beside each source that it saw.
    module = ("-m",) if "cProfile" in watcher else (f"--coverdir={tmp_path}", "--module")
    found = ended(*watcher, *module, "levelfield", "rules", "list")
    assert found.returncode == 0
    assert "function calls" in found.stdout or "cov%" in found.stdout
