"""The guard: what a patient's question may start and what a model's answer may show."""
