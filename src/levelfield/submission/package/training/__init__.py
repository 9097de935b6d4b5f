"""Packaging runs of training; what is the same for inference lies one folder up."""
