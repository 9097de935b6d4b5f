"""The entry point: finds the command's file, runs it, turns errors into text and exit codes."""

from __future__ import annotations

import atexit
import gc
import importlib
import io
import os
import sys
from contextlib import suppress
from typing import NoReturn

import click

from levelfield import __version__
from levelfield.errors import LevelfieldError, nearest

__all__ = ["main"]

COMMANDS: dict[str, tuple[str, str]] = {
    # name: (module below levelfield.cli, one line of help). Listed here so that --help imports none of them.
    "demo": ("demo", "The main job in about a minute: measure, judge, report. Needs no download."),
    "inference": ("inference", "Measure a benchmark under the rules."),
    "training": ("training", "Train a benchmark to its target, under the clock of the rules."),
    "submission": ("submission", "Make, check and explain a submission."),
    "power": ("power", "Measured power: check sessions, give watts or joules per query."),
    "results": ("results", "Keep published and own results: import, table, compare, export."),
    "rules": ("rules", "Look into the rule book: rounds, benchmarks, limits, targets."),
    "doctor": ("doctor", "Tell what this machine can run and how well it keeps time."),
}
INTERNAL_ERROR = 4
INTERRUPTED = 130


class Commands(click.Group):
    """A group whose commands are imported when they are called, not before."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The commands in the order of the way through, not of the alphabet."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002
        """Import one command."""
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"levelfield.cli.{COMMANDS[name][0]}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Answer an unknown command with the nearest one."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise nearest(args[0], list(COMMANDS), what="command")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="levelfield")
def app() -> None:
    """Measure machine-learning systems under MLPerf's rules, check the result, and publish it."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0 ok, 1 findings or invalid, 2 usage, 3 missing, 4 internal, 130 interrupted."""
    _prepare_streams()
    code = run(arguments)
    _forget_handled_interrupt()
    _end(code)


def _end(code: int) -> NoReturn:
    """End without taking the interpreter apart: 4 ms of a short command, and the system takes its memory back anyway.

    What was to be done at the end is done. Where other threads run, somebody traces or profiles, or a stream cannot be
    written, it ends as ever.
    """
    threading = sys.modules.get("threading")
    watched = sys.gettrace() or sys.getprofile()
    if not watched and (threading is None or threading.active_count() == 1):
        atexit._run_exitfuncs()  # noqa: SLF001 - the only way; a second call finds none left
        with suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    gc.freeze()  # so that the interpreter does not search all of it for garbage before it ends
    sys.exit(code)


def _forget_handled_interrupt() -> None:
    """End with our exit code also where Ctrl-C fell into code that runs from text, as a dataclass does when it is made.

    CPython notes such an interrupt even if it is handled, and ``python -m`` then dies of the signal instead of exiting;
    the note is taken back by the next code that runs from text.
    """
    exec("")  # noqa: S102


def _prepare_streams() -> None:
    """What a stream cannot spell is written as its escape, and a stream that was closed swallows what is written."""
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - for life
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def run(arguments: list[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    try:
        outcome = app.main(args=arguments, prog_name="levelfield", standalone_mode=False)
    except click.exceptions.Abort:  # what click makes of Ctrl-C
        click.echo("levelfield: interrupted.", err=True)
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except LevelfieldError as error:
        click.echo(f"levelfield: {error.text()}", err=True)
        return error.exit_code
    except Exception:  # noqa: BLE001 - the last place that can say anything: show all of it
        import traceback

        traceback.print_exc()
        click.echo("levelfield: this is an error in levelfield itself; please report the lines above.", err=True)
        return INTERNAL_ERROR
    return outcome if isinstance(outcome, int) else 0
