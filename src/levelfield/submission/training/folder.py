"""From a result folder to its subject: every log is read and judged once, one at a time in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from levelfield.errors import InputError
from levelfield.formats.mllog import read_mllog
from levelfield.rules.training import TrainingBenchmark, TrainingRules
from levelfield.submission.reading import MAX_STATED_BYTES, read_file
from levelfield.submission.sources.port import Entry, Source
from levelfield.submission.training.compliance.seeds import is_source_file, says_seed
from levelfield.submission.training.convergence import tested_folder
from levelfield.submission.training.judging import Judging
from levelfield.submission.training.log import JudgedLog, ProgressFigures, judge_log
from levelfield.submission.training.packaged_logs import packaged_logs
from levelfield.submission.training.subjects import Description, FolderSubject
from levelfield.submission.training.tree import ResultFolder

__all__ = ["FolderReader"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderReader:
    """What is the same for every folder of a source."""

    source: Source
    rules: TrainingRules
    judging: Judging

    def read(self, place: ResultFolder, description: Description, code: Sequence[Entry] = ()) -> FolderSubject:
        """Read and judge a folder.

        Args:
            place: The folder.
            description: Of its system.
            code: Files of its submitter's code.
        """
        benchmark = self._benchmark(place)
        said = description.fields.text("division").lower()
        if benchmark is None:
            return self._subject(place, description, said)
        logs = tuple(self._log(entry, benchmark, said) for entry in place.logs)
        division = said or _agreed(log.division for log in logs)
        tested = tested_folder(logs, benchmark, self.judging, closed=division == "closed")
        silent = division == "closed" and not any(log.seeds for log in logs)
        return FolderSubject(
            place=place,
            rules=self.rules,
            judging=self.judging,
            benchmark=benchmark,
            description=description,
            division=division,
            logs=logs,
            tested=tested,
            mentions=self._mentions(place, code) if silent else (),
            packaged=packaged_logs(self.source, place, code),
        )

    def _subject(self, place: ResultFolder, description: Description, division: str) -> FolderSubject:
        return FolderSubject(
            place=place,
            rules=self.rules,
            judging=self.judging,
            benchmark=None,
            description=description,
            division=division,
        )

    def _benchmark(self, place: ResultFolder) -> TrainingBenchmark | None:
        """By the folder's name; of logs without a folder, by what the first one says that says something."""
        if not place.is_bare:
            return self.rules.map_folder(place.benchmark)
        for entry in place.logs:
            try:
                log = read_mllog(read_file(self.source, entry), keys={"submission_benchmark"})
            except InputError:
                continue
            event = log.first("submission_benchmark")
            if event is not None and isinstance(event.value, str):
                return self.rules.map_folder(event.value)
        return None

    def _log(self, entry: Entry, benchmark: TrainingBenchmark, division: str) -> JudgedLog:
        try:
            data = read_file(self.source, entry)
        except InputError as error:
            return _unread(entry.path, error.message, division=division)
        return judge_log(entry.path, data, rules=self.rules, benchmark_folder=benchmark.name, division=division)

    def _mentions(self, place: ResultFolder, code: Iterable[Entry]) -> tuple[str, ...]:
        """Source files of the benchmark that say "seed"."""
        folder = f"{place.root}benchmarks/{place.benchmark}/"
        found = []
        for entry in code:
            if entry.path.startswith(folder) and is_source_file(entry.path):
                try:
                    if says_seed(read_file(self.source, entry, limit=MAX_STATED_BYTES)):
                        found.append(entry.path)
                except InputError:  # too large for a program, or told by the check of entries
                    continue
        return tuple(found)


def _agreed(words: Iterable[str]) -> str:
    """What all runs say; empty where they differ or say nothing."""
    said = {word for word in words if word}
    return said.pop() if len(said) == 1 else ""


def _unread(path: str, failure: str, *, division: str) -> JudgedLog:
    """A log that cannot be read: its run does not count."""
    return JudgedLog(
        path=path,
        sha256="",
        bytes_read=0,
        benchmark="",
        division=division,
        platform="",
        compliant=False,
        findings=(),
        skipped=(),
        failure=failure,
        failure_line=0,
        minutes=None,
        status="",
        stops_unsuccessful=0,
        launched_ms=None,
        init_minutes=None,
        batch_size=None,
        evaluations=(),
        figures=ProgressFigures(epoch_num=None, train_samples=None, train_samples_as_text=None),
        seeds=(),
        readable=False,
    )
