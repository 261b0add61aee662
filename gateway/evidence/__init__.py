"""CRAFT: statements a stranger can check."""
