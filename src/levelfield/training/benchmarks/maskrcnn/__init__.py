"""Mask R-CNN: objects, their boxes and their masks (README.md)."""
