"""Model FLOPS utilisation: the arithmetic that the model needs, over what the device could do at most.

Peaks are the makers' figures for dense matrix products (data sheets of NVIDIA: V100 2020, A100 2022, L4 2023, A10 2021,
H100 and H200 2024; without sparsity). In fp32 it is the figure without TF32. Other devices, and processors, have none
here: give it with ``--peak-flops``.
"""

from __future__ import annotations

from levelfield.training.port import NumberFormat

__all__ = ["peak_flops", "utilisation"]

_TERA = 1e12
_PEAKS: tuple[tuple[str, dict[NumberFormat, float]], ...] = (
    # The first name that is part of the device's own counts, so longer names come first.
    ("H100 PCIe", {NumberFormat.FP32: 51.2, NumberFormat.BF16: 756.0, NumberFormat.FP16: 756.0}),
    ("H100 NVL", {NumberFormat.FP32: 60.0, NumberFormat.BF16: 835.5, NumberFormat.FP16: 835.5}),
    ("H100", {NumberFormat.FP32: 66.9, NumberFormat.BF16: 989.4, NumberFormat.FP16: 989.4}),
    ("H200", {NumberFormat.FP32: 66.9, NumberFormat.BF16: 989.4, NumberFormat.FP16: 989.4}),
    ("A100", {NumberFormat.FP32: 19.5, NumberFormat.BF16: 312.0, NumberFormat.FP16: 312.0}),
    ("A10", {NumberFormat.FP32: 31.2, NumberFormat.BF16: 125.0, NumberFormat.FP16: 125.0}),
    ("L4", {NumberFormat.FP32: 30.3, NumberFormat.BF16: 121.0, NumberFormat.FP16: 121.0}),
    ("V100", {NumberFormat.FP32: 15.7, NumberFormat.FP16: 125.0}),
)
"""TFLOPS by a part of the device's name."""


def peak_flops(device_name: str, number_format: NumberFormat) -> float | None:
    """What one device could do, in operations per second; ``None`` where it is not known.

    Args:
        device_name: As the driver says: ``NVIDIA H100 80GB HBM3``.
        number_format: Of forward and backward passes.
    """
    words = device_name.replace("-", " ").split()
    for name, peaks in _PEAKS:
        if set(name.split()) <= set(words):
            peak = peaks.get(number_format)
            return None if peak is None else peak * _TERA
    return None


def utilisation(
    samples_per_s: float | None, flops_per_sample: float | None, peak_per_device: float | None, devices: int
) -> float | None:
    """The share of the peak that the model's own arithmetic takes; ``None`` where something is unknown."""
    if not samples_per_s or not flops_per_sample or not peak_per_device:
        return None
    return samples_per_s * flops_per_sample / (peak_per_device * devices)
