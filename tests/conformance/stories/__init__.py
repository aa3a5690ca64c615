"""Every story of the management API, in a meaningful order."""

from . import (  # noqa: F401
    rest_apis, resources, methods, integrations, models, validators, authorizers,
    gateway_responses, deployments, stages, documentation, imports, keys, plans, domains,
    links, account, invoke,
)
