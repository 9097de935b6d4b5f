"""What a training submission holds beside its logs: descriptions, code, the summary, the reference points."""

from __future__ import annotations

from dataclasses import dataclass

from levelfield.rules.citations import Cites
from levelfield.rules.model import Citation
from levelfield.rules.table import Table

__all__ = ["SubmissionRules", "submission_rules"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionRules:
    """Facts of the package and of its official tables."""

    system_fields: tuple[str, ...]
    """What every system description has, in the official order."""
    stated_fields: tuple[str, ...]
    """Those of them that must say something, or a table of results is of no use."""
    count_fields: tuple[str, ...]
    """Those that are whole numbers."""
    code_files: tuple[str, ...]
    """Beside the implementation of a benchmark for one system."""
    repository_url: str
    """Where the results of the round are published."""
    rcp_set: str
    """Reference convergence points that the final check of the round used."""
    system_citation: Citation
    code_citation: Citation
    rcp_citation: Citation


def submission_rules(table: Table, cites: Cites) -> SubmissionRules:
    """Read the table ``submission`` of a round."""
    fields = table.texts("system_fields", required=True)
    for name in ("stated_fields", "count_fields"):
        for field in table.texts(name):
            table.check_known(field, fields, "system field", name)
    found = SubmissionRules(
        system_fields=fields,
        stated_fields=table.texts("stated_fields"),
        count_fields=table.texts("count_fields"),
        code_files=table.texts("code_files"),
        repository_url=table.text("repository_url"),
        rcp_set=table.text("rcp_set"),
        system_citation=cites.of("system_fields", table),
        code_citation=cites.of("code_files", table),
        rcp_citation=cites.of("rcp_set", table),
    )
    table.finish()
    return found
