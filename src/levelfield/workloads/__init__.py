"""One folder per task (model, data, pre- and post-processing), shared by the suites."""
