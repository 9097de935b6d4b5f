"""Are the files of a session the ones that its records hashed, line ends apart.

Repositories change line ends: in the published round v2.0 no session passes the official check for this reason alone.
So the hash is also taken of the content with every line ended by CRLF, and by LF; which of them fits is named.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum

from levelfield.formats.power_session import FileName
from levelfield.frozen import frozen
from levelfield.submission.power.session import PowerSession

__all__ = ["FileHash", "HashState", "file_hashes", "hash_state"]

COVERED = tuple(name for name in FileName if name not in {FileName.CLIENT_JSON, FileName.SERVER_JSON})
"""Neither record holds the hash of the records themselves."""


class HashState(StrEnum):
    """How a file compares with a recorded hash."""

    MATCH = "match"
    CRLF = "match after end-of-line normalisation (CRLF)"
    LF = "match after end-of-line normalisation (LF)"
    MIXED = "mismatch, file has mixed or changed line endings"
    """Only of ``ptd_logs.txt``, which PTDaemon writes with both; once normalised, that cannot be undone."""
    MISMATCH = "mismatch"
    CONTRADICTION = "client and server recorded different hashes"
    NOT_RECORDED = "no hash recorded"
    MISSING = "no such file"


@frozen
class FileHash:
    """One file."""

    file: FileName
    state: HashState
    recorded: str
    """SHA-1, as the record spells it; empty where there is none."""


def hash_state(data: bytes, recorded: str, *, likely: HashState = HashState.MATCH) -> HashState:
    """Compare a content with a recorded SHA-1, as it is and with either line end.

    Args:
        data: The content.
        recorded: Its hash.
        likely: What other files of the session were; it is tried first, and makes no difference to what is found.
    """
    lf = data.replace(b"\r\n", b"\n") if b"\r" in data else data  # a letter is searched for much faster than two
    crlf = None
    if likely is HashState.CRLF:
        crlf = lf.replace(b"\n", b"\r\n")
        if len(crlf) != len(data) and _sha1(crlf) == recorded:
            return HashState.CRLF
    if _sha1(data) == recorded:
        return HashState.MATCH
    if crlf is None and _sha1(lf.replace(b"\n", b"\r\n")) == recorded:
        return HashState.CRLF
    if lf != data and _sha1(lf) == recorded:
        return HashState.LF
    return HashState.MISMATCH


def file_hashes(session: PowerSession) -> tuple[FileHash, ...]:
    """Every file that the records should cover."""
    assert session.client is not None
    assert session.server is not None
    by_client, by_server = session.client.sha1_by_file, session.server.sha1_by_file
    found: list[FileHash] = []
    likely = HashState.MATCH
    for file in COVERED:
        recorded = by_server.get(file) or by_client.get(file) or ""
        data = session.contents.get(file)
        if data is None:
            state = HashState.MISSING
        elif not recorded:
            state = HashState.NOT_RECORDED
        elif by_client.get(file, recorded) != recorded:
            state = HashState.CONTRADICTION
        else:
            state = likely = hash_state(data, recorded, likely=likely)
            if state is HashState.MISMATCH and file is FileName.PTD_LOGS and _tells_the_same(session):
                state = HashState.MIXED
        found.append(FileHash(file=file, state=state, recorded=recorded))
    return tuple(found)


def _tells_the_same(session: PowerSession) -> bool:
    """Whether the daemon's log holds the very replies that the server wrote down: what can be said without the hash."""
    assert session.server is not None
    return session.ptd_log is not None and session.ptd_log.replies == tuple(
        message.reply for message in session.server.ptd_messages
    )


def _sha1(data: bytes) -> str:
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()
