"""NOUNS: frozen values that know nothing."""
