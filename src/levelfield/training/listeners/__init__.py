"""What is made of a run's events: the log, the record, kept states. The terminal's listener is in ``cli``."""
