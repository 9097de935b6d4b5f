"""Only type-checked, never run: what the runner and the load generator may rely on in a workload and a backend."""

from __future__ import annotations

from levelfield.backends import onnxruntime
from levelfield.backends.port import Runtime
from levelfield.loadgen.ports import SampleLibrary
from levelfield.workloads.image_classification.task import ImageClassification
from levelfield.workloads.medical_segmentation.task import MedicalSegmentation
from levelfield.workloads.object_detection.task import ObjectDetection
from levelfield.workloads.question_answering.task import QuestionAnswering
from levelfield.workloads.recommendation.task import Recommendation
from levelfield.workloads.speech_recognition.task import SpeechRecognition
from levelfield.workloads.task import InferenceTask, OfManyLengths

runtime: Runtime = onnxruntime


def task_of(benchmark: ImageClassification | MedicalSegmentation | Recommendation) -> InferenceTask:
    """A benchmark is an inference task."""
    return benchmark


def unequal_of(benchmark: QuestionAnswering | SpeechRecognition) -> tuple[InferenceTask, OfManyLengths]:
    """Questions and utterances differ in length."""
    return benchmark, benchmark


def detection_of(benchmark: ObjectDetection) -> InferenceTask:
    """Outputs of many sizes are within the contract."""
    return benchmark


def library_of(task: InferenceTask) -> SampleLibrary:
    """The dataset of every task is a sample library."""
    return task.dataset
