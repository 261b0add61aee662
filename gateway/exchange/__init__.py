"""CORRIDOR: the walks, and the only room that knows the order of things."""
