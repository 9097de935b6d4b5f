"""Reading where values come from: sources, clauses, and which clause a value has. The same in every family."""

from __future__ import annotations

import re

from levelfield.frozen import frozen
from levelfield.rules.model import Citation, Source
from levelfield.rules.table import Table

__all__ = ["Cites", "cite", "read_citations", "read_sources"]


def read_sources(top: Table) -> dict[str, Source]:
    """The repositories of a document, by short name."""
    return {key: _source(key, table) for key, table in top.table("sources").tables()}


def read_citations(top: Table, sources: dict[str, Source]) -> dict[str, Citation]:
    """The clauses of a document, by short name."""
    return {key: _citation(key, table, sources) for key, table in top.table("citations").tables()}


def cite(table: Table, citations: dict[str, Citation]) -> Citation:
    """The clause that a table names under ``cite``."""
    return citations.get(table.known("cite", citations, "citation"), _unknown("?"))


@frozen
class Cites:
    """Which clause the values of a document have, by field name."""

    top: Table
    """The document's ``cites``."""
    citations: dict[str, Citation]

    def of(self, field_name: str, table: Table) -> Citation:
        """The clause of a value: from the ``cites`` of its own table, else from the document's.

        A value without a clause is noted as a problem of the document.
        """
        own = table.table("cites")
        place = own if field_name in own else self.top
        return self.citations.get(place.known(field_name, self.citations, "citation"), _unknown(field_name))


def _source(key: str, table: Table) -> Source:
    source = Source(
        key=key, repository=table.text("repository"), revision=table.text("revision"), date=table.text("date")
    )
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", source.date):
        table.wrong("date", "a date as 2022-03-31")
    table.finish()
    return source


def _citation(key: str, table: Table, sources: dict[str, Source]) -> Citation:
    source = table.known("source", sources, "source")
    citation = Citation(
        key=key,
        document=table.text("document"),
        section=table.text("section"),
        source=sources.get(source, Source(key=source, repository="?", revision="?", date="?")),
    )
    table.finish()
    return citation


def _unknown(key: str) -> Citation:
    """Stands in for a clause that is missing, so that reading goes on."""
    return Citation(key=key, document="?", section="?", source=Source(key="?", repository="?", revision="?", date="?"))
