"""The proxies and certificates that the machine's environment names.

httpx reads them too, but fails in the middle of a request for values that it cannot use, some of
them common, such as ``NO_PROXY=[::1]``. Here each such value has an error message of its own.
"""

from __future__ import annotations

import functools
import ipaddress
import os
import re
import ssl
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from ...errors import NetworkSetupError

_PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")
_HOST = re.compile(r"[\w.:-]+", re.ASCII)
# OpenSSL names the certificates of a folder by a hash of their subject.
_HASHED_NAME = re.compile(r"[0-9a-f]{8}\.\d+")


@dataclass(frozen=True)
class Proxy:
    """A proxy.

    Attributes:
        url: Its URL, without user and password.
        auth: The user and password, or None.
    """

    url: str
    auth: tuple[bytes, bytes] | None = field(default=None, repr=False)

    @property
    def scheme(self) -> str:
        """One of http, https, socks5 and socks5h."""
        return self.url.partition("://")[0]


def proxy_for(url: str) -> Proxy | None:
    """Return the proxy that leads to a URL, or None if there is none.

    HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY are read, and the settings of Windows and macOS.
    This machine itself is never reached through a proxy.

    Raises:
        NetworkSetupError: The proxy's address cannot be used. It is not repeated, since it may
            hold a password.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    proxies = getproxies()
    for scheme in (parts.scheme, "all"):
        if address := proxies.get(scheme, "").strip():
            break
    else:
        return None
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if _is_this_machine(host) or proxy_bypass(host) or _is_excepted(host, port, proxies):
        return None
    return _read_proxy(f"{scheme.upper()}_PROXY", address)


def _read_proxy(name: str, address: str) -> Proxy:
    unusable = NetworkSetupError(
        f"{name} is not the address of a proxy, such as http://proxy.example:3128: change it, or "
        "name Genvoris's hosts in NO_PROXY."
    )
    address = address if "://" in address else f"http://{address}"
    try:
        parts = urlsplit(address)
        named = _HOST.fullmatch(parts.hostname or "") and parts.port != 0 and address.isprintable()
    except ValueError:
        raise unusable from None
    if not named or parts.scheme not in _PROXY_SCHEMES or parts.path not in ("", "/"):
        raise unusable
    if parts.scheme.startswith("socks") and find_spec("socksio") is None:
        raise NetworkSetupError(
            f'{name} names a SOCKS proxy, which needs a package: pip install "httpx[socks]". Or '
            "name Genvoris's hosts in NO_PROXY."
        )
    credentials = [unquote(part or "").encode() for part in (parts.username, parts.password)]
    user, password = credentials
    server = parts.netloc.rpartition("@")[2]
    return Proxy(f"{parts.scheme}://{server}", (user, password) if any(credentials) else None)


def _is_this_machine(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_excepted(host: str, port: int, proxies: dict[str, str]) -> bool:
    """Return whether NO_PROXY names a host, also by an address in brackets or by a network."""
    for entry in re.split(r"[\s,]+", proxies.get("no", "")):
        name, _, its_port = entry.rpartition(":") if _has_port(entry) else (entry, "", "")
        name = name.strip("[]").lstrip("*.").lower()
        if not entry or (its_port and its_port != str(port)):
            continue
        if entry == "*" or (name and (host == name or host.endswith(f".{name}"))):
            return True
        if _is_in_network(host, name):
            return True
    return False


def _has_port(entry: str) -> bool:
    """Return whether an entry has a port, which an IPv6 address has only after brackets."""
    return bool(re.search(r"\]:\d+$|^[^:]+:\d+$", entry))


def _is_in_network(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def find_fault(url: str, *, load: bool = True) -> str | None:
    """Return why the environment keeps requests from a URL, and what to do, or None.

    Args:
        url: The URL.
        load: Whether to load the certificates too, which takes some 50 ms and imports httpx.
            Otherwise only the variables that name them are checked.
    """
    try:
        proxy = proxy_for(url)
        if load:
            certificates_for(url, proxy)
        elif _needs_certificates(url, proxy):
            _check_certificate_variables()
    except NetworkSetupError as error:
        return str(error)
    return None


def certificates_for(url: str | None, proxy: Proxy | None) -> ssl.SSLContext:
    """Return the certificates that servers at a URL are checked with; None means any server.

    Plain HTTP needs no certificates, and none are read for it.

    Raises:
        NetworkSetupError: The environment's certificates cannot be used.
    """
    if _needs_certificates(url, proxy):
        return trusted_certificates()
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody


def _needs_certificates(url: str | None, proxy: Proxy | None) -> bool:
    return url is None or urlsplit(url).scheme != "http" or proxy is not None


@functools.cache
def trusted_certificates() -> ssl.SSLContext:
    """Return the trusted certificates: SSL_CERT_FILE, else SSL_CERT_DIR, else certifi's.

    Loading them takes some 50 ms, so it is done once. They never change afterwards, so threads and
    forked processes may share them.

    Raises:
        NetworkSetupError: The environment names certificates that cannot be read.
    """
    import httpx  # slow to import

    _check_certificate_variables()
    try:
        return httpx.create_ssl_context()
    except OSError as error:  # SSLError is one
        name = _variable_behind(error)
        raise NetworkSetupError(
            f"{name} names {os.environ.get(name)!r}, which cannot be used "
            f"({error.strerror or type(error).__name__}): name another file, or unset it."
        ) from error


def _check_certificate_variables() -> None:
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if file and not Path(file).is_file():  # httpx before 0.28 ignores it silently
        raise NetworkSetupError(
            f"SSL_CERT_FILE names {file!r}, which is not a file: name another one, or unset it."
        )
    if folder and not file and not _holds_certificates(folder):
        raise NetworkSetupError(
            f"SSL_CERT_DIR names {folder!r}, which holds no certificates under hashed names: name "
            "another folder, run `openssl rehash` on it, or unset it."
        )
    key_log = os.environ.get("SSLKEYLOGFILE")
    if key_log and not Path(key_log).parent.is_dir():
        raise NetworkSetupError(
            f"SSLKEYLOGFILE names {key_log!r}, whose folder does not exist: name another file, or "
            "unset it."
        )


def _variable_behind(error: OSError) -> str:
    key_log = os.environ.get("SSLKEYLOGFILE")
    return "SSLKEYLOGFILE" if key_log and error.filename == key_log else "SSL_CERT_FILE"


def _holds_certificates(folders: str) -> bool:
    for folder in folders.split(os.pathsep):
        try:
            if any(_HASHED_NAME.fullmatch(path.name) for path in Path(folder).iterdir()):
                return True
        except OSError:
            continue
    return False
