"""CRAFT: the package as bytes.

Reads every dialect of edXML into the model's nouns and writes one strict form. Never verifies a
signature and never decides who may send: the walk goes on in `trust`.
"""
