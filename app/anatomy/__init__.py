"""The parts of the body: their plain names, texts, colours and measures, as data."""
