"""The console: pages for clerks, administrators and auditors, rendered here, working without scripts.

A page group (overview.py and its neighbours) holds the walks it shows and lists its routes; the door
(door.py) lets visitors in, the shell (shell.py) dresses what the group found out. Nothing is decided in a
page. How a group is written: docs/console.md.
"""
