"""``levelfield training borrow``: whether one entry's hyperparameters are another's, as the rules of review allow."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from levelfield.formats.mllog import Json
    from levelfield.submission.training.borrowing import Borrowing, Compared, Side

__all__ = ["command"]

SHOWN = 36
"""Characters of a value in the table; the JSON has all of it."""


@click.command(name="borrow")
@click.argument("ours")
@click.argument("donor")
@click.option("--rules", "round_name", default="training-v1.1", show_default=True, help="The round.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON, with what is the same too.")
def command(*, ours: str, donor: str, round_name: str, as_json: bool) -> int:
    """Compare the hyperparameters of OURS with those of DONOR: is it a whole borrowing?

    Each is a log, a folder of result_<i>.txt, a run's folder, or a part of a submission or an archive with one entry.
    The exit code is 0 for a whole borrowing, else 1.

    \b
    levelfield training borrow mine/results/box/resnet Other/results/pod/resnet
    """  # noqa: D301 - click's mark for lines that stay as they are
    from levelfield.rules import load_training
    from levelfield.submission.training.borrowing import Verdict, compare, side_of
    from levelfield.submission.training.entry_logs import entry_logs

    rules = load_training(round_name)

    def side(text: str) -> Side:
        with entry_logs(text) as (name, logs):
            return side_of(name, logs, rules)

    found = compare(side(ours), side(donor), rules)
    if as_json:
        click.echo(json.dumps(_plain(found), indent=2, ensure_ascii=False))
    else:
        _show(found)
    return int(found.verdict is not Verdict.WHOLE)


def _show(found: Borrowing) -> None:
    from levelfield.cli.submission_table import print_table

    for label, side in (("OURS", found.ours), ("DONOR", found.donor)):
        click.echo(f"{label:<7}{side.name}  ({_about(side)})")
    click.echo()
    differing = [one for one in found.compared if not one.same]
    if differing:
        rows = [(one.key, _kind(one), _value(one.ours), _value(one.donor)) for one in differing]
        print_table((("hyperparameter", "borrowed", "ours", "donor"), *rows))
    same = len(found.compared) - len(differing)
    click.echo(f"{same} of {len(found.compared)} hyperparameters of {found.ours.benchmark} are the same.")
    if found.unlisted:
        told = (f"{one.key} ({_value(one.ours)} and {_value(one.donor)})" for one in found.unlisted)
        click.echo(f"Look yourself, since the rules do not name them: {', '.join(told)} differ.")
    click.echo()
    click.secho(found.explanation, bold=True)
    for remark in found.remarks:
        click.echo(f"  - {remark}")
    click.echo(f"  {found.clause}")


def _about(side: Side) -> str:
    words = [side.benchmark, "1 run" if side.runs == 1 else f"{side.runs} runs", side.division, side.organisation]
    return ", ".join(word for word in words if word)


def _kind(one: Compared) -> str:
    from levelfield.rules.training_borrowing import BorrowingKind

    match one.kind:
        case BorrowingKind.FREE:
            return "free"
        case BorrowingKind.NEVER:
            return "never"
        case BorrowingKind.GROUP:
            return "in the group, fixed by the rules" if one.fixed else "in the group"


def _value(values: tuple[Json, ...]) -> str:
    text = " or ".join(json.dumps(value, ensure_ascii=False) for value in values) if values else "not logged"
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def _plain(found: Borrowing) -> dict[str, object]:
    def side(one: Side) -> dict[str, object]:
        return {
            "name": one.name,
            "benchmark": one.benchmark,
            "division": one.division,
            "organisation": one.organisation,
            "runs": one.runs,
        }

    def rows(compared: tuple[Compared, ...]) -> list[dict[str, object]]:
        return [
            {
                "key": one.key,
                "kind": one.kind.value,
                "fixed": one.fixed,
                "same": one.same,
                "ours": list(one.ours),
                "donor": list(one.donor),
            }
            for one in compared
        ]

    return {
        "verdict": found.verdict.value,
        "explanation": found.explanation,
        "remarks": list(found.remarks),
        "ours": side(found.ours),
        "donor": side(found.donor),
        "hyperparameters": rows(found.compared),
        "unlisted": rows(found.unlisted),
        "clause": found.clause,
    }
