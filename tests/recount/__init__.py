"""An independent recount of what a nation's gateways count: see __main__.py."""
