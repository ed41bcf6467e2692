"""Benchmarks: what a person waits for, and what the engine gains, measured in one run."""
