"""Single settings are changed in a config.toml as a careful hand would."""

import pytest

from gateway.config_lines import with_settings
from gateway.errors import Misconfiguration

TEXT = """name = "Sở"  # ours

[storage]  # where it lies
# In the node's own folder.
database_file = "lienthong.db"
linger = "2ms"

[http]
port = 0
"""


def test_one_setting_changes_and_every_other_word_stays() -> None:
    """What was set is set anew, what is empty goes, a table that is missing comes last."""
    changed = with_settings(TEXT, "storage", {"database": "postgresql://db/h57", "database_file": ""})
    assert changed == TEXT.replace('database_file = "lienthong.db"\n', "").replace(
        "# where it lies\n", '# where it lies\ndatabase = "postgresql://db/h57"\n'
    )
    assert with_settings('name = "Sở"\n', "storage", {"blobs": "s3://a/b"}).endswith(
        '\n[storage]\nblobs = "s3://a/b"\n'
    )


def test_a_file_written_in_another_way_is_left_to_its_writer() -> None:
    """An inline table is right TOML, and is not guessed at."""
    with pytest.raises(Misconfiguration):
        with_settings('storage = { linger = "2ms" }\n', "storage", {"blobs": "s3://a/b"})
