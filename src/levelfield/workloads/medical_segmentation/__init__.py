"""Segmentation of organs in volumes: the 3D U-Net benchmarks."""
