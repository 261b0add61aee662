"""Sets of documents on disk."""

import random

import pytest

from gateway.store.bits import BLOCK_SIZE, pack, places_of, unpack


@pytest.mark.parametrize("share", [0, 0.001, 0.02, 0.2, 0.5, 1])
def test_a_set_is_read_as_it_was_written_however_many_are_in_it(share: float) -> None:
    """A few are listed, many are bits, and those between deflated bits."""
    chance = random.Random(7)
    places = [place for place in range(BLOCK_SIZE) if chance.random() < share]
    assert places_of(unpack(pack(places))) == places
