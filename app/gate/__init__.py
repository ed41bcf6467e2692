"""The gate: what an adapter's numbers, shortcut tests and the guard must say before it is used."""
