"""CRAFT: who signed, and may we believe it."""
