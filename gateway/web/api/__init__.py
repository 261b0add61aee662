"""What other programs read and write, as JSON over HTTP: figures, and what agencies owe.

Source: openapi.json beside this file, which a test holds against the code; docs/integrators.md.
"""
