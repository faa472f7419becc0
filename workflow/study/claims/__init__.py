"""The claims under test, their evidence and verdicts."""
