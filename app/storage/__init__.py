"""Rows and blobs: the only place with SQL statements and with keys."""
