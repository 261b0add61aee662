"""DOOR: disk."""
