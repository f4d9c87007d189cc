"""Parsers of several languages, in place of the server that a request is forwarded to.

Each reader returns what each of its parsers found: a list of ``[name, value]``, or an object of any
depth.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qs, parse_qsl

import httpx
import python_multipart
from werkzeug.formparser import FormDataParser

FOLDER = Path(__file__).parent.parent / "readers"
# Headers that belong to one connection, and must not be repeated on another.
_HOP_BY_HOP = ("host", "connection", "content-length", "transfer-encoding")


class Reader(Protocol):
    """The parsers of one language."""

    def read(self, request: httpx.Request) -> dict[str, Any]:
        """Return what each parser finds in a request, by the parser's name."""


class ServerReader:
    """Parsers behind a server that runs in a process of its own.

    Args:
        command: The command that starts it.
        port: A pattern that finds its port in the first line of its output.
    """

    def __init__(self, command: list[str], port: str) -> None:
        program = shutil.which(command[0])
        assert program, f"{command[0]} is missing: run make test, which installs it."
        self._process = subprocess.Popen(
            [program, *command[1:]],
            cwd=FOLDER,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self._process.stdout
        line = self._process.stdout.readline()
        found = re.search(port, line)
        if not found:
            self._process.kill()
            raise AssertionError(line + self._process.communicate()[0])
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{found[1]}", trust_env=False)

    def read(self, request: httpx.Request) -> dict[str, Any]:
        headers = [pair for pair in request.headers.multi_items() if pair[0] not in _HOP_BY_HOP]
        target = request.url.raw_path.decode()
        answer = self._http.request(
            request.method, target, headers=headers, content=request.content
        )
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def stop(self) -> None:
        self._http.close()
        self._process.kill()
        self._process.communicate()


def node_reader() -> ServerReader:
    """Start busboy, formidable, qs and the parsers of Node.js itself."""
    return ServerReader(["node", "reader.mjs"], r"^(\d+)$")


def php_reader() -> ServerReader:
    """Start PHP's built-in server."""
    command = ["php", "-d", "display_errors=stderr", "-S", "127.0.0.1:0", "reader.php"]
    return ServerReader(command, r"http://127\.0\.0\.1:(\d+)")


class PythonReader:
    """Werkzeug, python-multipart (of Starlette and FastAPI) and the standard library."""

    def read(self, request: httpx.Request) -> dict[str, Any]:
        kind = request.headers.get("Content-Type", "")
        query = request.url.query.decode("ascii")
        found: dict[str, Any] = {
            "query: parse_qsl": parse_qsl(query, keep_blank_values=True),
            "query: parse_qs": parse_qs(query, keep_blank_values=True),
        }
        if kind.startswith("application/json"):
            return {**found, "json": json.loads(request.content)}
        found["Werkzeug"] = list(_with_werkzeug(request, kind))
        found["python-multipart"] = list(_with_python_multipart(request, kind))
        if kind.startswith("multipart/"):
            found["email"] = list(_with_email(request, kind))
        return found


def _with_werkzeug(request: httpx.Request, kind: str) -> Iterator[tuple[str, Any]]:
    parser = FormDataParser(stream_factory=lambda *_args, **_more: BytesIO(), silent=False)
    body = BytesIO(request.content)
    environ = {
        "wsgi.input": body,
        "CONTENT_LENGTH": str(len(request.content)),
        "CONTENT_TYPE": kind,
    }
    _, fields, files = parser.parse_from_environ(environ)
    yield from fields.items(multi=True)
    for name, file in files.items(multi=True):
        yield name, {"file": file.filename}


def _with_python_multipart(request: httpx.Request, kind: str) -> Iterator[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []

    def on_field(field: Any) -> None:
        found.append((_text(field.field_name), _text(field.value or b"")))

    def on_file(file: Any) -> None:
        found.append((_text(file.field_name), {"file": _text(file.file_name)}))

    headers = {"Content-Type": kind.encode()}
    python_multipart.parse_form(headers, BytesIO(request.content), on_field, on_file)
    yield from found


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _with_email(request: httpx.Request, kind: str) -> Iterator[tuple[str, Any]]:
    head = f"Content-Type: {kind}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + request.content)
    assert isinstance(message, EmailMessage)
    assert not message.defects, message.defects
    for part in message.iter_parts():
        name, filename = part.get_param("name", header="Content-Disposition"), part.get_filename()
        payload = part.get_payload(decode=True)
        value = _text(payload) if isinstance(payload, bytes) else ""
        yield str(name), {"file": filename} if filename else value
