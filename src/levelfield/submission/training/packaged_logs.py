"""What was packaged: the hash of each log, as packaging wrote it beside the code of a system.

``<org>/benchmarks/<benchmark>/<system>/<system>_<implementation>.json`` is part of the official layout, and its content
is the submitter's. Ours has the hashes under ``logs``; a file of anybody else has none, and says nothing here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from levelfield.errors import InputError
from levelfield.submission.reading import MAX_STATED_BYTES, read_file
from levelfield.submission.sources.port import Entry, Source
from levelfield.submission.training.tree import ResultFolder

__all__ = ["RECORD_SCHEMA", "packaged_logs"]

RECORD_SCHEMA = "levelfield.training-entry/1"


def packaged_logs(source: Source, place: ResultFolder, code: Iterable[Entry]) -> Mapping[str, str] | None:
    """The SHA-256 of each log that was packaged into a folder, by file name; ``None`` where nothing says it.

    Args:
        source: The tree.
        place: The folder of logs.
        code: Files of its submitter's code.
    """
    folder = f"{place.root}benchmarks/{place.benchmark}/{place.system}/"
    for entry in code:
        name = entry.path.removeprefix(folder)
        if entry.path.startswith(folder) and name.startswith(f"{place.system}_") and name.endswith(".json"):
            found = _logs_of(source, entry)
            if found is not None:
                return found
    return None


def _logs_of(source: Source, entry: Entry) -> Mapping[str, str] | None:
    try:
        document = json.loads(read_file(source, entry, limit=MAX_STATED_BYTES))
    except (InputError, ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or document.get("schema") != RECORD_SCHEMA:
        return None
    logs = document.get("logs")
    return {str(name): str(sha256) for name, sha256 in logs.items()} if isinstance(logs, dict) else None
