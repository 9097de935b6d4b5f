"""Image classification: ``resnet50`` of the inference suite, full (ImageNet) and mini (digits)."""
