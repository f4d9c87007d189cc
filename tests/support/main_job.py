"""A page and a try-on in a shop of one file, with nothing installed but the package.

``python main_job.py SHOP`` prints the type of the picture. The shop's settings are environment
variables.
"""

from __future__ import annotations

import base64
import io
import runpy
import sys
import threading
import time
import urllib.request
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIServer, make_server

# A JPEG of 32 by 48 grey pixels.
PHOTO = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDACgcHiMeGSgjISMtKygwPGRBPDc3PHtYXUlkkYCZlo+AjIqgtObDoKra"
    "rYqMyP/L2u71////m8H////6/+b9//j/2wBDASstLTw1PHZBQXb4pYyl+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4"
    "+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj/wAARCAAwACADASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAA"
    "AAH/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/8QAFQEBAQAAAAAAAAAAAAAAAAAAAAH/xAAUEQEAAAAAAAAAAAAAAAAA"
    "AAAA/9oADAMBAAIRAxEAPwCAIoAAAAAAAAAD/9k="
)
LIMIT = 60.0


class ThreadedServer(ThreadingMixIn, WSGIServer):
    daemon_threads = True


def main(path: str) -> None:
    app = runpy.run_path(path)["app"]
    with make_server("127.0.0.1", 0, app, ThreadedServer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        end = time.monotonic() + LIMIT  # a page does not wait for a token for long
        while "data-end-customer-token=" not in urllib.request.urlopen(url).read().decode():
            assert time.monotonic() < end, "the page has no token"
        print(try_on(app, url))
        server.shutdown()


def try_on(app: object, url: str) -> str:
    browser = app.test_client()  # type: ignore[attr-defined]
    headers = {"Sec-Fetch-Site": "same-origin"}
    data = {
        "photo": (io.BytesIO(PHOTO), "me.jpg"),
        "product_image": f"{url}/static/shirt.png",
        "product_title": "Shirt",
        "product_id": "shirt",
        "page_url": url,
    }
    started = browser.post("/genvoris/tryons", data=data, headers=headers, base_url=url)
    assert started.status_code == 202, started.get_json()
    end = time.monotonic() + LIMIT
    job = {"state": "queued"}
    while job["state"] in ("queued", "running") and time.monotonic() < end:
        job = browser.get(started.headers["Location"], base_url=url).get_json()
        time.sleep(0.02)
    assert job["state"] == "done", job
    picture = browser.get(f"{started.headers['Location']}/image", base_url=url)
    return str(picture.mimetype)


if __name__ == "__main__":
    main(sys.argv[1])
