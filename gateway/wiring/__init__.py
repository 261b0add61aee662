"""Builds a Gateway on top of an Office. The only room that has met everybody."""
