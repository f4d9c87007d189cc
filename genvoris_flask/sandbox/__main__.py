"""The command line of the sandbox: ``python -m genvoris_flask.sandbox``."""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from .app import DEFAULT_CREDITS, DEFAULT_ISSUER, DEFAULT_KEY, create_app
from .domain.store import StoreError
from .http.server import SandboxServer

USAGE_ERROR = 2
HOST = re.compile(r"(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?", re.IGNORECASE)


def main(
    argv: Sequence[str] | None = None, *, prog: str = "python -m genvoris_flask.sandbox"
) -> int:
    """Run the command and return its exit status.

    Args:
        argv: The arguments; defaults to those of the process.
        prog: The name of the command in its usage message.
    """
    options = _read_options(argv, prog)
    try:
        app = create_app(
            options.data,
            api_key=options.api_key,
            issuer=options.issuer,
            credits_at_start=options.credits,
            delay=options.delay,
            rate_limits=options.rate_limits or None,
            safety_switches=options.safety_switches,
            allow_hosts=options.allow_host,
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
        _serve(server, _settings(server.url, options))
    except KeyboardInterrupt:
        pass
    finally:
        server.stop()
    return 0


def _make_parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog,
        description="A local Genvoris for development. It listens on this machine alone.",
    )
    parser.add_argument("--port", type=int, default=8787, help="0 takes any free one (%(default)s)")
    parser.add_argument(
        "--data",
        type=Path,
        default=Path("genvoris-sandbox"),
        help="folder that keeps its records (%(default)s)",
    )
    parser.add_argument("--api-key", help=f"default: $GENVORIS_API_KEY, else {DEFAULT_KEY}")
    parser.add_argument("--issuer", default=DEFAULT_ISSUER, help="iss of tokens (%(default)s)")
    parser.add_argument(
        "--credits",
        type=int,
        default=DEFAULT_CREDITS,
        help="in the pool at its first start (%(default)s)",
    )
    parser.add_argument(
        "--rate-limits", action="store_true", help="put Genvoris's rate limits in force"
    )
    parser.add_argument(
        "--safety-switches",
        action=argparse.BooleanOptionalAction,
        help="suspend the account when Genvoris would (as before; at first: yes)",
    )
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="HOST",
        help="fetch product pictures from there too, such as cdn.shop.example or *.shop.example; "
        "may be repeated",
    )
    parser.add_argument("--delay", type=float, default=1.2, help="seconds a try-on (%(default)s)")
    return parser


def _read_options(argv: Sequence[str] | None, prog: str) -> argparse.Namespace:
    parser = _make_parser(prog)
    options = parser.parse_args(argv)
    options.own_key = options.api_key
    options.api_key = options.api_key or os.environ.get("GENVORIS_API_KEY") or DEFAULT_KEY
    if not re.fullmatch(r"gvk_(test|live)_[!-~]+", options.api_key):
        parser.error("--api-key must be gvk_test_ or gvk_live_ and more, without spaces")
    if (
        not 0 <= options.port <= 65535
        or not 0 <= options.credits < 2**40
        or not 0 <= options.delay <= 60
    ):
        parser.error("--port is 0 to 65535, --credits 0 to 1,000,000,000,000, --delay 0 to 60")
    for host in options.allow_host:
        if not HOST.fullmatch(host):
            parser.error(
                f"--allow-host {host}: give a host alone, such as cdn.shop.example, or "
                "*.shop.example for all below it"
            )
    return options


def _settings(url: str, options: argparse.Namespace) -> str:
    """Return the statement that configures the shop's ``app`` for this sandbox.

    A key that may be one of Genvoris's own is not shown.
    """
    if options.api_key == DEFAULT_KEY or (options.own_key or "").startswith("gvk_test_"):
        key = f"GENVORIS_API_KEY={_quoted(options.api_key)},"
    else:
        key = "# GENVORIS_API_KEY is the key that the sandbox was given."
    lines = [key, f'GENVORIS_API_URL="{url}/api/v1",', f'GENVORIS_TRYON_URL="{url}",']
    if options.issuer != DEFAULT_ISSUER:
        lines.append(f"GENVORIS_ISSUER={_quoted(options.issuer)},")
    return "\n".join(["app.config.update(", *(f"    {line}" for line in lines), ")"])


def _quoted(text: str) -> str:
    """Return the text as a Python string in double quotes."""
    return json.dumps(text)


def _serve(server: SandboxServer, settings: str) -> None:
    """Serve until Ctrl-C or SIGTERM."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    print(
        f"Sandbox Genvoris on {server.url} (development only: it listens on this machine alone)\n"
        f"The shop's settings for it:\n\n{settings}\n",
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
