"""The calls of the REST API, by subject.

Every call may raise UnauthorizedError or ForbiddenError (for the key), RateLimitedError (429, after
retries), ServerError, UnreachableError (DeadlineError after the timeout) and
MalformedAnswerError. Its docstring says what else it raises and when it is retried; docs/api.md
has a table of all calls.
"""

from .customers import Customers, Plans, Sessions
from .reporting import Conversions, Events, Returns, WebhookEndpoints
from .tryons import TryOns, Widget

__all__ = [
    "Conversions",
    "Customers",
    "Events",
    "Plans",
    "Returns",
    "Sessions",
    "TryOns",
    "WebhookEndpoints",
    "Widget",
]
