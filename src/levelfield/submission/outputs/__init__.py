"""A report as other tools read it: JSON, SARIF, JUnit, and CSV as the official checker writes it or in full."""
