"""Networks in torch as ONNX files, and int8 files of these; what tools and the training suite export with.

Running a shipped model needs none of this.
"""

from __future__ import annotations

import importlib.util
import logging
import tempfile
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from levelfield.backends.port import NamedArrays
from levelfield.errors import MissingError

if TYPE_CHECKING:
    import torch

__all__ = ["Axes", "Graph", "quantise", "quantise_weights", "require_onnx"]

Axes = Mapping[int, str]
"""Axes of any size, with a name for each."""

_OPSET = 17


def require_onnx() -> None:
    """Ask for what writes model files before anything is computed for them.

    Raises:
        MissingError: torch or onnx is not installed; names the command.
    """
    missing = [name for name in ("torch", "onnx") if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingError(
            f"Writing ONNX files needs {' and '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not "
            "installed.",
            hint="pip install 'levelfield[torch]' onnx",
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Graph:
    """A network, and what its file calls that which goes in and comes out."""

    network: torch.nn.Module
    example: tuple[torch.Tensor, ...]
    """What it is traced with; sizes of free axes are of no meaning."""
    reads: Mapping[str, Axes]
    """Names of the inputs in their order, each with its free axes."""
    returns: Mapping[str, Axes]
    """Names of the outputs."""

    def write(self, path: Path) -> None:
        """Write the file, by torch's older exporter: it folds batch normalisation into convolutions.

        Raises:
            MissingError: torch or onnx is not installed.
        """
        require_onnx()
        import torch

        axes = {name: dict(free) for name, free in {**self.reads, **self.returns}.items() if free}
        with warnings.catch_warnings():
            # The exporter is deprecated; it warns of numbers that Python computed, and of LSTMs with a free batch,
            # whose start state is free here as well.
            warnings.simplefilter("ignore")
            torch.onnx.export(
                self.network.eval(),
                self.example,
                str(path),
                input_names=list(self.reads),
                output_names=list(self.returns),
                dynamic_axes=axes,
                opset_version=_OPSET,
                dynamo=False,
            )

    def run(self, arrays: NamedArrays) -> dict[str, Any]:
        """Every output by name, by torch itself."""
        import torch

        with torch.no_grad():
            found = self.network.eval()(*(torch.from_numpy(arrays[name]) for name in self.reads))
        outputs = found if isinstance(found, tuple) else (found,)
        return {name: output.numpy() for name, output in zip(self.returns, outputs, strict=True)}


def quantise(source: Path, target: Path, feeds: Iterable[NamedArrays], *, operators: Sequence[str] = ()) -> None:
    """Static int8: quantise-dequantise nodes, weights per channel in seven bits, ranges from the feeds alone.

    Seven bits: with eight, 16-bit sums overflow on x86 processors without VNNI, and accuracy would depend on the
    machine.

    Args:
        source: A model file.
        target: Where the int8 file is written.
        feeds: What is run through the model to find the ranges; by names of its inputs.
        operators: What is quantised, by ONNX's names of operators; none named: all that can be.
    """
    from onnxruntime.quantization import (
        CalibrationDataReader,
        CalibrationMethod,
        QuantFormat,
        QuantType,
        quantize_static,
    )

    class Feeds(CalibrationDataReader):  # type: ignore[misc] # the library has no types
        def __init__(self) -> None:
            self._feeds = iter(feeds)

        def get_next(self) -> dict[str, Any] | None:
            feed = next(self._feeds, None)
            return None if feed is None else dict(feed)

    with _prepared(source) as prepared:
        quantize_static(
            str(prepared),
            str(target),
            Feeds(),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(operators) or None,
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
        )


def quantise_weights(source: Path, target: Path, *, operators: Sequence[str], per_channel: bool = True) -> None:
    """Dynamic int8: weights are quantised in the file, what they are multiplied with by the range of each batch.

    Args:
        source: A model file.
        target: Where the int8 file is written.
        operators: Whose weights.
        per_channel: A step for each channel, and weights in seven bits, as :func:`quantise` says; else one step of
            eight bits for all, for weights that are only looked up.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with _prepared(source) as prepared:
        quantize_dynamic(
            str(prepared),
            str(target),
            op_types_to_quantize=list(operators),
            per_channel=per_channel,
            reduce_range=per_channel,
            weight_type=QuantType.QInt8,
        )


@contextmanager
def _prepared(source: Path) -> Iterator[Path]:
    """The model with all its shapes inferred, as the quantisation wants it; until it is done, the library is silent.

    It warns of each weight that has no channels, through the root of all loggers.
    """
    from onnxruntime.quantization.shape_inference import quant_pre_process

    before = logging.root.manager.disable
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        logging.disable(logging.WARNING)
        try:
            quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
            yield prepared
        finally:
            logging.disable(before)
