"""CRAFT: the axis's protocol as bytes: signed headers, requests, answers.

The room turns values into what the VXP SDK writes on the wire and back, and never opens a connection,
asks the clock or touches the disk. `web.vxp_api` speaks it as the axis would, `clients.axis` as a
connected system would.
"""
