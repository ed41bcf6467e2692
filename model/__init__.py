"""The model of Anteroom: pictures and prefixes in, suffixes and regions out; no settings."""
