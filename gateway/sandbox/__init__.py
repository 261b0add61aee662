"""The demo world: sample agencies, documents and systems."""
