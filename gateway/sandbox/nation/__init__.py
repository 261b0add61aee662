"""The nation in a box: a hub, its gateways and their DMSs through a year planned to the last document."""
