"""Firefox and WebKit: how they are started, and how a window is given the size of a screen."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from selenium import webdriver
from selenium.webdriver.remote.webdriver import WebDriver

from tests.support.browser_window import BrowserWindow

FINE, HOVER = 2, 4
WEBKIT_DRIVER = "WebKitWebDriver"
# Without margins, the window's tool bar is as narrow as a phone.
PLAIN_THEME = "* { padding: 0; margin: 0; border: 0; min-width: 0; min-height: 0; }"


@contextmanager
def running(name: str, *, dark: bool = False) -> Iterator[BrowserWindow]:
    """Start an engine on a system that is light or dark."""
    start = {"firefox": firefox, "webkit": webkit}[name]
    with start(dark) as driver:
        driver.set_script_timeout(60)
        yield BrowserWindow(name, driver)


@contextmanager
def firefox(dark: bool) -> Iterator[WebDriver]:
    """Start Firefox without a window."""
    binary, geckodriver = provisioned("firefox")
    options = webdriver.FirefoxOptions()
    options.binary_location = binary
    options.accept_insecure_certs = True
    options.enable_bidi = True  # without it, no window is narrower than 450 px
    options.add_argument("-headless")
    options.set_preference("ui.systemUsesDarkTheme", int(dark))
    options.set_preference("ui.primaryPointerCapabilities", FINE | HOVER)  # headless has no mouse
    driver = webdriver.Firefox(options=options, service=webdriver.FirefoxService(geckodriver))
    try:
        yield driver
    finally:
        driver.quit()


@contextmanager
def webkit(dark: bool) -> Iterator[WebDriver]:
    """Start WebKitGTK's MiniBrowser on a display of its own."""
    binary, driver_path = provisioned("webkit")
    options = webdriver.WebKitGTKOptions()
    options.binary_location = binary
    options.accept_insecure_certs = True
    options.add_argument("--automation")
    if dark:
        options.add_argument("--dark-mode")
    with display() as number, TemporaryDirectory() as home:
        theme = Path(home) / "themes" / "Plain" / "gtk-3.0"
        theme.mkdir(parents=True)
        for variant in ("gtk.css", "gtk-dark.css"):
            (theme / variant).write_text(PLAIN_THEME)
        environment = {"DISPLAY": number, "XDG_DATA_HOME": home, "GTK_THEME": "Plain"}
        service = webdriver.WebKitGTKService(driver_path, env={**os.environ, **environment})
        with warnings.catch_warnings():  # Selenium calls its own class in a deprecated way
            warnings.simplefilter("ignore", DeprecationWarning)
            driver = webdriver.WebKitGTK(options=options, service=service)
        try:
            yield driver
        finally:
            driver.quit()


@contextmanager
def display() -> Iterator[str]:
    """Run an X server that shows its screen nowhere, and yield its number."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1600x1200x24"]
    server = subprocess.Popen(
        [*command, "-nolisten", "tcp"], pass_fds=[writing], stderr=subprocess.DEVNULL
    )
    os.close(writing)
    try:
        with os.fdopen(reading) as numbers:
            number = numbers.readline().strip()
        assert number, "Xvfb did not start."
        yield f":{number}"
    finally:
        server.terminate()
        server.wait()


def provisioned(name: str) -> list[str]:
    """Return the paths of the browser and its driver that the set-up has found."""
    found = Path(sys.prefix) / name
    assert found.exists(), f"No {name} is set up: run make test, which installs it."
    return found.read_text().splitlines()
