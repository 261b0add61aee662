"""Liên Thông: a gateway for the exchange of official electronic documents between public agencies.

The floor plan stands in ``docs/flow.md``; a newcomer reads ``exchange/outbound.py`` first.
"""

__version__ = "0.1.0"
