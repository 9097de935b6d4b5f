"""The tables of the store, and how an older file becomes a newer one.

History of the schema (SQLite's ``user_version``):

1. (0.1.0) the first: sources, submissions, systems, benchmarks, results, findings, footnotes, and the view
   ``results_long`` with the columns of the long table.

A change adds its number here and its step to :data:`STEPS`; a step never touches what came before it. Keys are digests
of what they stand for (:func:`levelfield.results.columns.digest_of`), never counters, so that the same results make the
same database in whatever order they were imported.
"""

from __future__ import annotations

from levelfield.results.columns import LONG

__all__ = ["APPLICATION_ID", "FULL_TEXT", "LONG_SELECT", "OF_SUBMISSIONS", "OF_SYSTEMS", "STEPS", "VERSION"]

APPLICATION_ID = 0x4C46524C
"""``LFRL``: marks the file as ours in SQLite's header."""

_TABLES = """
CREATE TABLE sources (
    name TEXT PRIMARY KEY,
    revision TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE submissions (
    id INTEGER PRIMARY KEY,
    round TEXT NOT NULL,
    suite TEXT NOT NULL,
    version TEXT NOT NULL,
    division TEXT NOT NULL,
    submitter TEXT NOT NULL
);
CREATE INDEX submissions_round ON submissions (round);
CREATE INDEX submissions_suite ON submissions (suite);
CREATE INDEX submissions_division ON submissions (division);
CREATE INDEX submissions_submitter ON submissions (submitter);

CREATE TABLE systems (
    id INTEGER PRIMARY KEY,
    system_id TEXT NOT NULL,
    system_name TEXT NOT NULL,
    system_type TEXT NOT NULL,
    nodes INTEGER,
    processor TEXT NOT NULL,
    processors_per_node INTEGER,
    processors_total INTEGER,
    accelerator TEXT NOT NULL,
    accelerators_per_node INTEGER,
    accelerators_total INTEGER,
    accelerator_memory TEXT NOT NULL,
    interconnect TEXT NOT NULL,
    software TEXT NOT NULL,
    operating_system TEXT NOT NULL,
    hardware_notes TEXT NOT NULL,
    software_notes TEXT NOT NULL
);
CREATE INDEX systems_system_id ON systems (system_id);
CREATE INDEX systems_system_name ON systems (system_name);
CREATE INDEX systems_system_type ON systems (system_type);
CREATE INDEX systems_nodes ON systems (nodes);
CREATE INDEX systems_processor ON systems (processor);
CREATE INDEX systems_accelerator ON systems (accelerator);
CREATE INDEX systems_accelerators_total ON systems (accelerators_total);
CREATE INDEX systems_software ON systems (software);

CREATE TABLE benchmarks (
    id INTEGER PRIMARY KEY,
    suite TEXT NOT NULL,
    benchmark TEXT NOT NULL
);
CREATE INDEX benchmarks_benchmark ON benchmarks (benchmark);

CREATE TABLE results (
    id INTEGER PRIMARY KEY,
    result_id TEXT NOT NULL,
    digest INTEGER NOT NULL, -- of the whole row of the long table: tells whether an import changed it
    is_shown INTEGER NOT NULL DEFAULT 1, -- 0: the same result is shown from another source
    source TEXT NOT NULL REFERENCES sources (name),
    submission INTEGER NOT NULL REFERENCES submissions (id),
    system INTEGER NOT NULL REFERENCES systems (id),
    benchmark INTEGER NOT NULL REFERENCES benchmarks (id),
    availability TEXT NOT NULL,
    model_used TEXT NOT NULL,
    scenario TEXT NOT NULL,
    metric TEXT NOT NULL,
    unit TEXT NOT NULL,
    direction TEXT NOT NULL,
    value REAL NOT NULL,
    accuracy TEXT NOT NULL,
    accuracy_target REAL,
    latencies_ns TEXT NOT NULL,
    power_value REAL,
    power_unit TEXT NOT NULL,
    inferred INTEGER NOT NULL,
    verification TEXT NOT NULL,
    compliant INTEGER,
    void INTEGER NOT NULL,
    findings TEXT NOT NULL,
    run_minutes TEXT NOT NULL,
    weight_types TEXT NOT NULL,
    notes TEXT NOT NULL,
    edition TEXT NOT NULL,
    official INTEGER NOT NULL,
    footnotes TEXT NOT NULL,
    source_commit TEXT NOT NULL,
    source_path TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    url TEXT NOT NULL,
    searched TEXT NOT NULL -- names, software and notes, case folded
);
CREATE INDEX results_result_id ON results (result_id);
CREATE INDEX results_source ON results (source);
CREATE INDEX results_submission ON results (submission);
CREATE INDEX results_system ON results (system);
CREATE INDEX results_benchmark ON results (benchmark, scenario);
CREATE INDEX results_availability ON results (availability);
CREATE INDEX results_scenario ON results (scenario);
CREATE INDEX results_edition ON results (edition);
CREATE INDEX results_verification ON results (verification);
CREATE INDEX results_power ON results (power_value) WHERE power_value IS NOT NULL;
CREATE INDEX results_inferred ON results (inferred) WHERE inferred;
CREATE INDEX results_void ON results (void) WHERE void;
CREATE INDEX results_quick ON results (official) WHERE NOT official;

CREATE TABLE findings (
    result INTEGER NOT NULL REFERENCES results (id) ON DELETE CASCADE,
    place INTEGER NOT NULL,
    code TEXT NOT NULL,
    PRIMARY KEY (result, place)
) WITHOUT ROWID;
CREATE INDEX findings_code ON findings (code);

CREATE TABLE footnotes (
    code TEXT PRIMARY KEY,
    text TEXT NOT NULL
) WITHOUT ROWID;
"""

OF_SUBMISSIONS = ("round", "suite", "version", "division", "submitter")
OF_SYSTEMS = (
    "system_id",
    "system_name",
    "system_type",
    "nodes",
    "processor",
    "processors_per_node",
    "processors_total",
    "accelerator",
    "accelerators_per_node",
    "accelerators_total",
    "accelerator_memory",
    "interconnect",
    "software",
    "operating_system",
    "hardware_notes",
    "software_notes",
)
"""Columns of the long table that say what a system is, and are kept once for each."""


def _owner(column: str) -> str:
    """The table that holds a column of the long table."""
    if column in OF_SUBMISSIONS:
        return "submissions"
    if column == "benchmark":
        return "benchmarks"
    return "systems" if column in OF_SYSTEMS else "results"


LONG_SELECT = f"""
SELECT {", ".join(f"{_owner(column.name)}.{column.name}" for column in LONG)}
FROM results
JOIN submissions ON submissions.id = results.submission
JOIN systems ON systems.id = results.system
JOIN benchmarks ON benchmarks.id = results.benchmark
WHERE results.is_shown
"""  # noqa: S608 - names of our own columns
"""Every shown result with the columns of the long table; conditions are added to it."""
_VIEW = f"CREATE VIEW results_long AS {LONG_SELECT};"

STEPS: tuple[str, ...] = (_TABLES + _VIEW,)
"""What makes version n + 1 of version n; the first makes a new file."""
VERSION = len(STEPS)

FULL_TEXT = """
DROP TABLE IF EXISTS results_fts;
CREATE VIRTUAL TABLE results_fts USING fts5 (searched, content='results', content_rowid='id');
INSERT INTO results_fts (rowid, searched) SELECT id, searched FROM results ORDER BY id;
"""
"""For those who open the file with other tools. It is made anew at each import, because the pages of such an index
depend on the order in which they were filled. Our own free text finds parts of words, and reads ``searched``."""
