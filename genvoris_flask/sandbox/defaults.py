"""What the sandbox is like unless told otherwise."""

from __future__ import annotations

DEFAULT_KEY = "gvk_test_sandbox"
DEFAULT_ISSUER = "https://genvoris.org"
DEFAULT_CREDITS = 1000
LOOPBACK = ("127.0.0.1", "localhost", "::1")
