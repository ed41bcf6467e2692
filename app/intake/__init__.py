"""From unknown bytes to an upright picture without identifiers, or to a refusal with a reason."""
