"""Processes that end without notice, such as those of a pool, lose no report."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import multiprocessing, os, sys
import httpx
from flask import Flask
from genvoris_flask import GenvorisFlask

file = os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND)

def answer(request):
    os.write(file, b"x")
    return httpx.Response(201, json={"id": "cnv_1", "attributedFromTryOn": False})

app = Flask("shop")
app.config.update(GENVORIS_API_KEY="gvk_test_1", SECRET_KEY="secret")
genvoris = GenvorisFlask()
genvoris.init_app(app, transport=httpx.MockTransport(answer))

def sell(number):
    with app.app_context():
        genvoris.conversion(number, 100)

def serve(number):
    with app.test_request_context():
        genvoris.conversion(number, 100)

sell(0)
context = multiprocessing.get_context("fork")
if sys.argv[1] == "pool":
    with context.Pool(4) as pool:  # which is terminated
        pool.map(sell, range(1, 9))
elif sys.argv[1] == "fork":  # as of RQ
    for number in range(1, 9):
        if not os.fork():
            sell(number)
            os._exit(0)
        os.wait()
else:
    work = serve if sys.argv[1] == "server" else sell
    children = [context.Process(target=work, args=[number]) for number in range(1, 9)]
    for each in children:
        each.start()
    for each in children:
        each.join()
"""


@pytest.mark.parametrize("kind", ["process", "pool", "fork", "server"])
def test_no_report_is_lost(kind: str, tmp_path: Path) -> None:
    """Of eight children, each with one order, and their parent."""
    file = tmp_path / "sent"
    file.write_text("")
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM, kind, str(file)]
    subprocess.run(command, check=True, timeout=120)
    assert file.read_text() == 9 * "x"
