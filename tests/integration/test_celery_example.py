"""The example with Celery in Docker Compose: its file is valid, and its parts run as processes."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from ruamel.yaml import YAML

from genvoris_flask.testing import Sandbox
from tests.integration.conftest import ROOT, RedisServer, free_port, wait_for
from tests.support.databases import running_postgres
from tests.support.pictures import picture
from tests.support.waiting import LIMIT, until

EXAMPLE = ROOT / "examples/celery_compose"
COMPOSE = EXAMPLE / "compose.yaml"
BIN = Path(sys.executable).parent
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}
SECRETS = {"SECRET_KEY": "secret", "POSTGRES_PASSWORD": "unused", "GENVORIS_API_KEY": "replaced"}
INSTRUCTIONS = {"FROM", "WORKDIR", "COPY", "RUN", "USER", "EXPOSE", "CMD"}


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """Return the services, with what they share."""
    found: dict[str, Any] = YAML(typ="safe").load(COMPOSE)["services"]
    return found


def test_compose_file_is_valid() -> None:
    """The Compose specification's schema accepts the file."""
    done = subprocess.run(
        [BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", COMPOSE],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


def test_files_fit_together(services: dict[str, Any]) -> None:
    """Services wait for others that can be waited for, and the image has what they run."""
    assert set(services) == {"migrate", "shop", "worker", "redis", "postgres"}
    for service in services.values():
        for name, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "healthcheck" in services[name]
    lines = re.sub(r"\\\n", "", (EXAMPLE / "Dockerfile").read_text()).splitlines()
    steps = [line.split(maxsplit=1) for line in lines if line and not line.startswith("#")]
    assert {step[0] for step in steps} <= INSTRUCTIONS
    ignored = (EXAMPLE / ".dockerignore").read_text().split()
    for _, rest in (step for step in steps if step[0] == "COPY"):
        source = rest.split()[0]
        assert (EXAMPLE / source).exists()
        assert f"!{source}" in ignored
    variables = set(re.findall(r"\$\{(\w+)", COMPOSE.read_text()))
    assert variables == {
        line.partition("=")[0]
        for line in (EXAMPLE / ".env.example").read_text().splitlines()
        if not line.startswith("#")
    }
    assert len((EXAMPLE / "shop.py").read_text().splitlines()) < 60


def command(service: dict[str, Any]) -> list[str]:
    """Return the command of a service, which is the image's if it names none."""
    found = service.get("command")
    if found is None:
        (found,) = re.findall(r"^CMD (.*)$", (EXAMPLE / "Dockerfile").read_text(), re.MULTILINE)
        found = json.loads(found)
    return [str(BIN / found[0]), *found[1:]]


@contextmanager
def running(
    arguments: list[str], environ: dict[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a service until the test ends."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            arguments, cwd=EXAMPLE, env=environ, stdout=output, stderr=output
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=LIMIT)


def test_try_on(
    services: dict[str, Any],
    genvoris_sandbox: Sandbox,
    redis_server: RedisServer,
    tmp_path: Path,
) -> None:
    """The services' own commands migrate, serve the shop, and make a picture on the worker."""
    port = free_port()
    with running_postgres() as database:
        places = {
            "redis://redis:6379/0": redis_server.url,
            "postgresql+psycopg://shop:unused@postgres/shop": database,
        }

        def environ(service: dict[str, Any]) -> dict[str, str]:
            values = {
                name: re.sub(r"\$\{(\w+)[^}]*\}", lambda found: SECRETS[found[1]], value)
                for name, value in service["environment"].items()
            }
            settings = {name: str(value) for name, value in genvoris_sandbox.config.items()}
            placed = {name: places.get(value, value) for name, value in values.items()}
            assert set(places.values()) <= set(placed.values())
            return {**os.environ, "PYTHONPATH": str(ROOT), **placed, **settings}

        migrate = services["migrate"]
        subprocess.run(command(migrate), cwd=EXAMPLE, env=environ(migrate), check=True)
        shop, worker = services["shop"], services["worker"]
        serve = [word.replace("0.0.0.0:8000", f"127.0.0.1:{port}") for word in command(shop)]
        work = [*command(worker), "--without-gossip", "--without-mingle"]
        logs = tmp_path / "worker.log"
        with (
            running(work, environ(worker), logs),
            running(serve, environ(shop), tmp_path / "shop.log"),
            httpx.Client(
                base_url=f"http://127.0.0.1:{port}",
                headers=SAME_ORIGIN,
                timeout=LIMIT,
                follow_redirects=True,
            ) as client,
        ):
            wait_for(port)
            check = services["shop"]["healthcheck"]["test"][1:]
            probe = [word.replace(":8000", f":{port}") for word in check]
            subprocess.run([sys.executable, *probe[1:]], check=True)
            assert "genvoris-tryon-btn" in client.post("/log-in").text
            fields = {
                "product_image": "/static/shirt.png",
                "product_title": "Shirt",
                "product_id": "shirt",
                "page_url": f"{client.base_url}/",
            }
            started = client.post("/genvoris/tryons", data=fields, files={"photo": picture()})
            assert started.status_code == 202, started.text
            job = started.headers["Location"]
            until(lambda: client.get(job).json()["state"] not in ("queued", "running"))
            found = client.get(f"{job}/image")
            assert found.headers["Content-Type"] == "image/jpeg", client.get(job).text
            assert client.get("/genvoris/status").json()["remaining"] == 2
        assert "succeeded" in logs.read_text(), shlex.join(work)
