"""The views of the sandbox's JSON API, a blueprint for each resource.

Endpoints are named like the operations of ``openapi.json``: ``plans.create`` is the view
``create`` of the blueprint ``plans``. ``control_api`` has what only a sandbox offers.
"""
