"""The web application of Anteroom: pages, worker and features around one model."""
