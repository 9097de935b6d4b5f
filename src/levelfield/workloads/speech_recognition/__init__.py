"""Speech recognition: ``rnnt`` of the inference suite, full (LibriSpeech dev-clean) and mini (generated tones)."""
