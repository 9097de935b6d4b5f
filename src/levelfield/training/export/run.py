"""``levelfield training export``: from the kept model of a run to files in fp32 and int8, held against each other."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from levelfield import __version__
from levelfield.errors import FormatError, LevelfieldError, ModelError, UsageError
from levelfield.files import claim_output_folder, sha256_of, write_atomically, write_problem
from levelfield.system.software import python_version, versions_of
from levelfield.terms import Edition
from levelfield.training.catalog import benchmark_named
from levelfield.training.export.agreement import compared
from levelfield.training.export.parts import Exportable, ModelExport
from levelfield.training.export.record import RECORD, ExportedFile, ExportRecord
from levelfield.training.kept_models import KeptModel, kept_model, model_path
from levelfield.training.port import Setup, Training
from levelfield.training.result import RunResult, read_report, runs_of
from levelfield.training.workplace import RECORD as RUN_RECORD
from levelfield.workloads.onnx_files import require_onnx
from levelfield.workloads.task import Precision

__all__ = ["ExportRequest", "export_model"]

_MOST_BYTES = 2**31 - 1
"""Of a file in ONNX's format with its weights in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRequest:
    """What a user asks of ``levelfield training export``."""

    source: Path
    """The output folder of ``levelfield training run``, or the ``run.json`` in it."""
    out: Path
    number: int | None = None
    """Of the run, from 1 as tables count them; ``None`` for the first that reached its target, else the last."""
    data: Path | None = None
    """The dataset folder (full edition); ``None`` for that of the run."""


def export_model(request: ExportRequest) -> ExportRecord:
    """Write ``model-fp32.onnx``, ``model-int8.onnx`` and ``export.json``; a model of several files has folders.

    The benchmark makes its network and opens its data as for a run, and takes the kept weights. So what is compared is
    what was evaluated in training, on the same data.

    Raises:
        MissingError: torch or onnx is not installed.
        UsageError: There is no such run, nothing was kept of it, or the benchmark's model cannot be exported.
        InputError: The record, the kept model or the dataset is missing or damaged; or an exported file does not do
            what the network does.
        OutputError: The output folder cannot be used.
    """
    require_onnx()
    folder = request.source.parent if request.source.is_file() else request.source
    record_path = folder / RUN_RECORD
    document = read_report(record_path)
    asked = _asked(document, record_path)
    run = _chosen(runs_of(document, record_path), folder, request.number)
    kept = kept_model(folder, run)
    setup = _setup(asked, run.seed, request.data, record_path)
    name = str(asked["benchmark"])
    with _claimed(request.out) as out:
        training = _trained(name, setup, kept, model_path(folder, run.number))
        model = _model(training, name)
        try:
            files = _written(model, out)
        except OSError as error:
            raise write_problem(out, error) from error
        record = ExportRecord(
            benchmark=benchmark_named(name).name,
            edition=str(setup.edition),
            run=run,
            step=kept.step,
            shuffled_labels=setup.shuffled_labels,
            parameters=sum(one.numel() for one in training.model.parameters()),
            files=files,
            answer=model.answer,
            int8=model.int8,
            inference=model.inference,
            remark=model.remark,
            software={
                "levelfield": __version__,
                "python": python_version(),
                **{name: found or "" for name, found in versions_of(("torch", "onnx", "onnxruntime", "numpy")).items()},
            },
        )
        write_atomically(out / RECORD, record.to_json())
    return record


@contextmanager
def _claimed(folder: Path) -> Iterator[Path]:
    """The output folder, taken back where nothing came of it."""
    is_new = not folder.exists()
    out = claim_output_folder(folder)
    try:
        yield out
    finally:
        if is_new and not any(out.iterdir()):
            out.rmdir()


def _asked(document: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
    """The request of the run, from its record."""
    header = document.get("header")
    asked = header.get("request") if isinstance(header, dict) else None
    if not isinstance(asked, dict) or not {"benchmark", "edition"} <= set(asked):
        raise FormatError(path, "header", "no request", "a record of levelfield training run")
    return asked


def _chosen(runs: tuple[RunResult, ...], folder: Path, number: int | None) -> RunResult:
    """The run that is exported; of one that went on later, its end."""
    newest = {run.number: run for run in runs}
    if not newest:
        raise UsageError(f"There is no run in {folder}.")
    if number is not None:
        if number - 1 not in newest:
            has = "It has one run." if len(newest) == 1 else f"It has the runs 1 to {len(newest)}."
            raise UsageError(f"There is no run {number} in {folder}.", hint=has)
        return newest[number - 1]
    kept = [run for run in newest.values() if model_path(folder, run.number).is_file()] or list(newest.values())
    return next((run for run in kept if run.succeeded), kept[-1])


def _setup(asked: Mapping[str, Any], seed: int, data: Path | None, record_path: Path) -> Setup:
    """As the run had it, but for one process on the CPU and in fp32."""

    def given(name: str) -> Path | None:
        return Path(asked[name]) if asked.get(name) else None

    try:
        return Setup(
            edition=Edition(asked["edition"]),
            seed=seed,
            batch_size=asked.get("batch_size"),
            data=data or given("data"),
            start=given("start"),
            changed=dict(asked.get("changed") or {}),
            shuffled_labels=bool(asked.get("shuffled_labels")),
        )
    except (TypeError, ValueError) as error:
        raise FormatError(record_path, "request", str(error), "a request of levelfield training run") from error


def _trained(name: str, setup: Setup, kept: KeptModel, path: Path) -> Training:
    """The training with its data open and the kept weights."""
    benchmark = benchmark_named(name)
    benchmark.prepare(setup)
    torch.manual_seed(setup.seed)
    training = benchmark.build(setup)
    if not isinstance(training, Exportable):
        raise UsageError(
            f"The model of {name} cannot be exported: its training has no `exported`.",
            hint="levelfield.training.export.parts says what a benchmark of one's own gives.",
        )
    training.open_data()
    try:
        training.restore(kept.training)
    except (RuntimeError, KeyError, TypeError, ValueError) as error:
        said = f"a state that does not fit: {' '.join(str(error).split())[:200]}"
        raise FormatError(path, "training", said, f"the state of this edition of {name}") from error
    return training


def _model(training: Training, name: str) -> ModelExport:
    """What is written, after a look at the weights."""
    broken = [key for key, value in training.model.state_dict().items() if not torch.isfinite(value).all()]
    if broken:
        raise ModelError(
            f"The model of {name} holds what is no number; training broke.",
            problems=[f"{key}: not finite" for key in broken[:5]],
        )
    size = sum(value.numel() * value.element_size() for value in training.model.state_dict().values())
    if size > _MOST_BYTES:
        raise UsageError(
            f"The model of {name} has {size / 1e9:,.1f} GB of weights; a file in ONNX's format holds 2.1 GB.",
            hint="A smaller one, as dlrm's with --set max_ind_range=N, can be exported.",
        )
    assert isinstance(training, Exportable), "asked before the data were opened"
    return training.exported()


def _written(model: ModelExport, out: Path) -> tuple[ExportedFile, ...]:
    """All files, made and compared in a folder of their own before any of them is in its place."""
    with tempfile.TemporaryDirectory(prefix=".export-", dir=out) as folder:
        drafts = Path(folder)
        found: list[ExportedFile] = []
        for name, part in model.parts.items():
            paths = {precision: _path(drafts, model, name, precision) for precision in Precision}
            for path in paths.values():
                path.parent.mkdir(exist_ok=True)
            try:
                part.graph.write(paths[Precision.FP32])
                part.quantise(paths[Precision.FP32], paths[Precision.INT8])
            except (OSError, LevelfieldError):
                raise
            except Exception as error:  # the exporter and the quantisation may raise anything
                said = " ".join(str(error).split())[:300]
                raise ModelError(f"{name} cannot be written as a model file: {type(error).__name__}: {said}") from error
            for precision, agreement in compared(part, paths).items():
                path = paths[precision]
                found.append(
                    ExportedFile(
                        path=str(path.relative_to(drafts)),
                        precision=precision,
                        sha256=sha256_of(path),
                        bytes=path.stat().st_size,
                        agreement=agreement,
                    )
                )
        for entry in sorted(drafts.iterdir()):
            entry.replace(out / entry.name)
    return tuple(sorted(found, key=lambda file: file.precision))


def _path(folder: Path, model: ModelExport, name: str, precision: Precision) -> Path:
    whole = f"model-{precision}"
    return folder / f"{whole}.onnx" if len(model.parts) == 1 else folder / whole / f"{name}.onnx"
