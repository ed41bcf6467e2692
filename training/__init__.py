"""Making and measuring models: data, examples, codec, base, adapters; never imported by app."""
