"""The HTTP layer of the sandbox: the server, and what every request passes before its view.

A request goes through ``server``, ``fault_middleware`` (which logs it and injects faults) and
``request_validation``, which checks it against ``openapi.json``. Views read its ``body()`` and
``query()``, and end a request early by raising ``responses.HttpError``.
"""
