"""Question answering: ``bert-99`` and ``bert-99.9`` of the inference suite, full (SQuAD v1.1) and mini (generated)."""
