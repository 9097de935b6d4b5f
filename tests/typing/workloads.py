"""Only type-checked, never run: what the runner and the load generator may rely on in a workload and a backend."""

from __future__ import annotations

from levelfield.backends import onnxruntime
from levelfield.backends.port import Runtime
from levelfield.loadgen.ports import SampleLibrary
from levelfield.workloads.image_classification.task import ImageClassification
from levelfield.workloads.speech_recognition.task import SpeechRecognition
from levelfield.workloads.task import InferenceTask

runtime: Runtime = onnxruntime


def task_of(benchmark: ImageClassification) -> InferenceTask:
    """A benchmark is an inference task."""
    return benchmark


def speech_task_of(benchmark: SpeechRecognition) -> InferenceTask:
    """Outputs of different lengths are allowed."""
    return benchmark


def library_of(task: InferenceTask) -> SampleLibrary:
    """The dataset of every task is a sample library."""
    return task.dataset
