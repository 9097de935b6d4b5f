"""The load generator: settings, schedule, issuing, recording, verdict, logs."""
