"""What the worker does with a scan and with a question."""
