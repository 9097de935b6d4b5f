"""PWR008: are the files of the session the ones that were recorded."""

from __future__ import annotations

from collections.abc import Iterator

from levelfield.rules.power_check import PowerCheck
from levelfield.submission.finding import Finding, Severity
from levelfield.submission.power.check import SessionCheck, finding
from levelfield.submission.power.hashes import HashState, file_hashes
from levelfield.submission.power.outcome import POWER_CHECKER
from levelfield.submission.power.session import Part, PowerSession
from levelfield.submission.report import CheckText

__all__ = ["CHECKSUMS"]

CODE = "PWR008"


def _judge(session: PowerSession, revision: PowerCheck) -> Iterator[Finding]:  # noqa: ARG001
    for one in file_hashes(session):
        expected = (
            f"SHA-1 {one.recorded[:40]}" if one.recorded else "a file with its SHA-1 in client.json or server.json"
        )
        hint = ""
        match one.state:
            case HashState.MATCH:
                continue
            case HashState.CRLF | HashState.LF:
                severity = Severity.NOTE
                hint = "Keep git from changing measured files: `* -text` in .gitattributes."
            case HashState.MIXED:
                severity = Severity.WARNING
                hint = "Its replies are those of server.json; the hash itself cannot be confirmed any more."
            case _:
                severity = Severity.VOID
        yield finding(session, CODE, severity, one.file, found=one.state.value, expected=expected, hint=hint)


CHECKSUMS = SessionCheck(
    text=CheckText(
        code=CODE,
        title="Check results checksum",
        why="A file that is not the one that was hashed when it was written was changed afterwards.",
        clause="mlcommons/power-dev, compliance/check.py, results_check",
        example="run_1/spl.txt has another SHA-1 than server.json says, with either line end.",
        fix="Hand in the files as the tool wrote them, and keep git from changing their line ends.",
        official=False,
        also=POWER_CHECKER,
    ),
    needs=(Part.CLIENT, Part.SERVER),
    judge=_judge,
)
