"""``levelfield submission``: make a tree that can be handed in."""

from __future__ import annotations

import click

from levelfield.cli.package import package, verify_log

__all__ = ["command"]


@click.group(name="submission")
def command() -> None:
    """Make, check and explain a submission."""


command.add_command(package)
command.add_command(verify_log)
