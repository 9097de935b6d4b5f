"""Object detection: ``ssd-mobilenet`` and ``ssd-resnet34`` of the inference suite, full (COCO) and mini (scenes)."""
