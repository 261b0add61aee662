"""Campaigns that measure; beside the tests, never part of them."""
