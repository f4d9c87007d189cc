"""``python -m genvoris_flask.sandbox``: starts a local Genvoris."""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from .app import create_app
from .defaults import DEFAULT_CREDITS, DEFAULT_ISSUER, DEFAULT_KEY
from .server import SandboxServer
from .store import StoreError

USAGE_ERROR = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; give its exit status."""
    options = _read_options(argv)
    try:
        app = create_app(
            options.data,
            api_key=options.api_key,
            issuer=options.issuer,
            credits_at_start=options.credits,
            delay=options.delay,
            rate_limits=options.rate_limits or None,
            exclusive=True,
        )
    except ImportError as error:
        return _fail(str(error))
    except (StoreError, OSError, ValueError, TypeError) as error:
        return _fail(f"The data folder {options.data} cannot be used: {error}")
    try:
        server = SandboxServer(app, options.port)
    except OSError as error:
        return _fail(
            f"Port {options.port} cannot be used ({error.strerror}). Give another with --port, "
            "or --port 0 for any free one."
        )
    try:
        _serve(server)
    except KeyboardInterrupt:
        pass
    finally:
        server.stop()
    return 0


def _read_options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m genvoris_flask.sandbox",
        description="A local Genvoris for development. It listens on this machine alone.",
    )
    key = os.environ.get("GENVORIS_API_KEY") or DEFAULT_KEY
    parser.add_argument("--port", type=int, default=8787, help="0 takes any free one (%(default)s)")
    parser.add_argument("--data", type=Path, default=Path("genvoris-sandbox"), help="%(default)s")
    parser.add_argument(
        "--api-key", default=key, help=f"default: $GENVORIS_API_KEY, else {DEFAULT_KEY}"
    )
    parser.add_argument("--issuer", default=DEFAULT_ISSUER, help="iss of tokens (%(default)s)")
    parser.add_argument("--credits", type=int, default=DEFAULT_CREDITS, help="%(default)s")
    parser.add_argument(
        "--rate-limits", action="store_true", help="put Genvoris's rate limits in force"
    )
    parser.add_argument("--delay", type=float, default=1.2, help="seconds a try-on (%(default)s)")
    options = parser.parse_args(argv)
    if not re.fullmatch(r"gvk_(test|live)_[!-~]+", options.api_key):
        parser.error("--api-key must be gvk_test_ or gvk_live_ and more, without spaces")
    if (
        not 0 <= options.port <= 65535
        or not 0 <= options.credits < 2**40
        or not 0 <= options.delay <= 60
    ):
        parser.error("--port is 0 to 65535, --credits 0 to 1,000,000,000,000, --delay 0 to 60")
    return options


def _serve(server: SandboxServer) -> None:
    """Serve until Ctrl-C or SIGTERM."""
    signal.signal(signal.SIGTERM, _stop)
    print(
        f"Sandbox Genvoris on {server.url} (development only: it listens on this machine alone)",
        flush=True,
    )
    server.serve_forever()


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _fail(message: str) -> int:
    print(message, file=sys.stderr)
    return USAGE_ERROR


if __name__ == "__main__":
    sys.exit(main())
