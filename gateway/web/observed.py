"""What a request leaves behind for its line in the operating log."""

from aiohttp.web import RequestKey

OPERATION = RequestKey("operation", str)
SYSTEM = RequestKey("system", str)
PACKAGE = RequestKey("package", str)
OUTCOME = RequestKey("outcome", str)
