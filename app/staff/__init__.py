"""The clinic's own pages under /staff: visits, review, alerts, library, adapters, accounts."""
