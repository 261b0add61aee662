"""DOOR: network in. Nothing is decided here."""
