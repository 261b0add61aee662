"""Whole walks: real gateways over loopback HTTP, real databases, seen from the outside."""
