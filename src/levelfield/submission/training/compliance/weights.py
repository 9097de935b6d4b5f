"""Checks of the tensors that a closed log says were initialised."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from levelfield.rules.training_log import Weight
from levelfield.submission.check import Check, Remark
from levelfield.submission.finding import Severity
from levelfield.submission.report import CheckText
from levelfield.submission.training.compliance.record import LogRecord, shown

__all__ = ["WEIGHT_CHECKS"]

INITIALISED = "weights_initialization"
_NAMES = 5
"""Names that a finding shows."""


def _names(record: LogRecord) -> list[object]:
    return [event.metadata["tensor"] for event in record.all(INITIALISED) if "tensor" in event.metadata]


def _sortable(record: LogRecord) -> Iterator[Remark]:
    if not record.is_closed or record.benchmark is None or not record.benchmark.log.weights:
        return
    names = _names(record)
    try:
        sorted(names)  # type: ignore[type-var]
    except TypeError:
        odd = next(name for name in names if not isinstance(name, str))
        yield record.remark(line=0, found=f"the tensor {shown(odd)} among texts", expected="names of tensors")


SORTABLE = Check(
    text=CheckText(
        code="TRN026",
        title="Names of initialised tensors are texts",
        why="The official checker sorts them to compare them, and a number among texts cannot be sorted.",
        clause="compliance_checker, training_1.1.0, END (mlcommons/logging beaf26d)",
        example="…/dlrm/result_0.txt: found the tensor 3 among texts, expected names of tensors",
        fix="Log the name as metadata member tensor.",
        official=True,
    ),
    severity=Severity.ERROR,
    look=_sortable,
)


def _initialised(record: LogRecord) -> Iterator[Remark]:
    if not record.is_closed or record.benchmark is None:
        return
    weight = record.rules.log.weights_mismatch
    expected = Counter(record.benchmark.log.weights)
    found = Counter(name for name in _names(record) if isinstance(name, str))
    if weight is Weight.NONE or not expected or found == expected:
        return
    if not found:
        said = f"no {INITIALISED}"
    else:
        missing, extra = sorted((expected - found).elements()), sorted((found - expected).elements())
        said = "; ".join(part for part in (_list("missing", missing), _list("beyond", extra)) if part)
    yield Remark(
        path=record.path,
        found=said,
        expected=f"the {expected.total()} tensors of {record.benchmark.name}, each once",
        lighter=Severity.WARNING if weight is Weight.WARNING else None,
    )


def _list(word: str, names: list[str]) -> str:
    more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
    return f"{word}: {', '.join(shown(name) for name in names[:_NAMES])}{more}" if names else ""


NAMES = Check(
    text=CheckText(
        code="TRN027",
        title="The tensors that were initialised are those of the model",
        why="Weights that were not drawn anew were trained before the clock started.",
        clause="compliance_checker, training_1.1.0, END; mlp_compliance.py, run_check_end (a warning in this round)",
        example="…/rnnt/result_0.txt: found missing: 'dec_rnn', expected the 7 tensors of rnnt, each once",
        fix="Log weights_initialization for each tensor, by the names of the rules, once.",
        official=True,
    ),
    severity=Severity.ERROR,
    look=_initialised,
)

WEIGHT_CHECKS = (SORTABLE, NAMES)
