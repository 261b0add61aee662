"""CRAFT: working days, obligations, counts, rates. Pure: dates and values in, values out."""
