"""The campaign: real processes over loopback, broken on purpose, and checked from the outside.

``python -m tests.campaign --help`` says how to run it; docs/reliability.md says what it found.
"""
