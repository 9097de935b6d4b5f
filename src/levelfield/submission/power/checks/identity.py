"""PWR004, PWR005, PWR007: do both records tell of the same session."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator

from levelfield.formats.power_session import FileName
from levelfield.rules.power_check import PowerCheck
from levelfield.submission.finding import Finding, Severity
from levelfield.submission.power.check import SessionCheck, finding
from levelfield.submission.power.outcome import POWER_CHECKER
from levelfield.submission.power.session import Part, PowerSession
from levelfield.submission.report import CheckText

__all__ = ["MESSAGES", "SESSION_NAME", "UUIDS"]

BOTH = (Part.CLIENT, Part.SERVER)


def _judge_uuids(session: PowerSession, revision: PowerCheck) -> Iterator[Finding]:  # noqa: ARG001
    client, server = session.client, session.server
    assert client is not None
    assert server is not None
    for role, ours, theirs in (
        ("client", client.client_uuid, server.client_uuid),
        ("server", client.server_uuid, server.server_uuid),
    ):
        identities = [_uuid(text) for text in (ours, theirs)]
        if None in identities or identities[0] != identities[1]:
            found = f"uuid of the {role} {theirs[:60]!r}"
            expected = f"that of {FileName.CLIENT_JSON}, {ours[:60]!r}"
            yield finding(session, "PWR004", Severity.VOID, FileName.SERVER_JSON, found=found, expected=expected)


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _judge_name(session: PowerSession, revision: PowerCheck) -> Iterator[Finding]:  # noqa: ARG001
    client, server = session.client, session.server
    assert client is not None
    assert server is not None
    if client.session_name != server.session_name:
        yield finding(
            session,
            "PWR005",
            Severity.VOID,
            FileName.SERVER_JSON,
            found=f"session {server.session_name[:80]!r}",
            expected=f"that of {FileName.CLIENT_JSON}, {client.session_name[:80]!r}",
        )


def _judge_messages(session: PowerSession, revision: PowerCheck) -> Iterator[Finding]:  # noqa: ARG001
    client, server = session.client, session.server
    assert client is not None
    assert server is not None
    for found, expected in _differences(session):
        yield finding(session, "PWR007", Severity.ERROR, FileName.SERVER_JSON, found=found, expected=expected)


def _differences(session: PowerSession) -> Iterator[tuple[str, str]]:
    assert session.client is not None
    assert session.server is not None
    ours, theirs = session.client.messages, session.server.messages
    if len(ours) != len(theirs):
        yield f"{len(theirs)} messages", f"the {len(ours)} of {FileName.CLIENT_JSON}"
        return
    for number, (sent, got) in enumerate(zip(ours, theirs, strict=True), start=1):
        if sent.command != got.command:
            yield f"message {number}: command {got.command[:80]!r}", f"{sent.command[:80]!r} as the client sent it"
        elif sent.command != "time" and sent.reply != got.reply:
            yield f"message {number}: reply {got.reply[:80]!r}", f"{sent.reply[:80]!r} as the client got it"
    first = theirs[0] if theirs else None
    versions = (
        (re.search(r"mlcommons/power client v(\d+)$", first.command), re.search(r"server v(\d+)$", first.reply))
        if first
        else (None, None)
    )
    if versions[0] is None or versions[1] is None or versions[0][1] != versions[1][1]:
        shown = f"{first.command[:60]!r} answered by {first.reply[:60]!r}" if first else "no message"
        yield f"first message: {shown}", "mlcommons/power client v3 and server v3, the same version"


UUIDS = SessionCheck(
    text=CheckText(
        code="PWR004",
        title="Check UUID",
        why="Records with different identities come from different sessions.",
        clause="mlcommons/power-dev, compliance/check.py, uuid_check",
        example="server.json has another `uuid.client` than client.json.",
        fix="Hand in the two records of one session.",
        official=False,
        also=POWER_CHECKER,
    ),
    needs=BOTH,
    judge=_judge_uuids,
)
SESSION_NAME = SessionCheck(
    text=CheckText(
        code="PWR005",
        title="Check session name",
        why="Records with different names come from different sessions.",
        clause="mlcommons/power-dev, compliance/check.py, session_name_check",
        example="client.json says 2022-02-07_10-58-49, server.json 2022-02-07_11-58-49.",
        fix="Hand in the two records of one session.",
        official=False,
        also=POWER_CHECKER,
    ),
    needs=BOTH,
    judge=_judge_name,
)
MESSAGES = SessionCheck(
    text=CheckText(
        code="PWR007",
        title="Check client server messages",
        why="Both sides write down the same conversation; where they differ, one record was changed.",
        clause="mlcommons/power-dev, compliance/check.py, messages_check",
        example="The client got `OK` to `session,..,start,ranging`, the server says that it sent `Error`.",
        fix="Hand in the records as the tool wrote them.",
        official=False,
        also=POWER_CHECKER,
    ),
    needs=BOTH,
    judge=_judge_messages,
)
