"""What the clinic delivers, and what goes back to its record."""
