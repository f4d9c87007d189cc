"""The memory that previews need, measured in a separate process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from PIL import Image

# Eight simultaneous shoppers, each with a photo that takes 192 MB when decoded at full size.
PROGRAM = """
import re, resource, sys, threading
from pathlib import Path
from genvoris_flask.sandbox.pictures import make_pictures

small, large = (Path(name).read_bytes() for name in sys.argv[1:])
make_pictures(small, small, "apparel")

def peak():
    status = Path("/proc/self/status")
    if status.exists():  # not getrusage, which includes the parent on Linux
        return int(re.search(r"VmHWM:\\s+(\\d+)", status.read_text())[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

def make():
    make_pictures(large, small, "apparel")

before = peak()
threads = [threading.Thread(target=make) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print((peak() - before) // 2**20)
"""


def test_memory_is_bounded(tmp_path: Path) -> None:
    """Many large photos take no more memory than two."""
    names = ["small.png", "large.png"]
    for name, size in zip(names, [(300, 200), (8000, 6000)], strict=True):
        image = Image.new("RGB", size, (180, 170, 160))
        image.paste((20, 40, 90), (100, 60, 200, 160))
        image.save(tmp_path / name, compress_level=1)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *names],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert 100 < int(done.stdout) < 600, f"{done.stdout} MB"
