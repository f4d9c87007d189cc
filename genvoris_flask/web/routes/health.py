"""The health of one process, for load balancers, and for those who watch the shop."""

from __future__ import annotations

from typing import Literal

from flask import Response, jsonify

from ..state import AppState, get_state

Health = Literal["ok", "degraded", "down"]
_CIRCUIT: dict[str, Health] = {"closed": "ok", "slow": "degraded", "open": "degraded"}


def health() -> tuple[Response, int]:
    """Return whether this process should get requests: 200, or 503 if it is down.

    What all processes have in common is never a reason to be down, since a balancer would then
    take all of them out, with the shop's own pages.
    """
    parts = _parts(get_state())
    status: Health = "ok"
    for worse in ("degraded", "down"):
        if worse in (each["status"] for each in parts.values()):
            status = worse
    return jsonify(status=status, parts=parts), 503 if status == "down" else 200


def _parts(state: AppState) -> dict[str, dict[str, str]]:
    circuit = state.broker.circuit
    return {
        "store": _store(state),
        "queue": _queue(state),
        "genvoris": {"status": _CIRCUIT[circuit], "circuit": circuit},
    }


def _store(state: AppState) -> dict[str, str]:
    if state.settings.store_url is None:
        return {"status": "ok", "detail": "memory"}
    if state.store.is_available():
        return {"status": "ok", "detail": "shared"}
    return {"status": "degraded", "detail": "unavailable"}


def _queue(state: AppState) -> dict[str, str]:
    load = state.jobs.load()
    if load.is_ending:
        return {"status": "down", "detail": "ending"}
    if load.is_stuck:
        return {"status": "down", "detail": "stuck"}
    if load.unfinished >= load.capacity:
        return {"status": "degraded", "detail": "full"}
    return {"status": "ok", "detail": "busy" if load.unfinished else "idle"}
