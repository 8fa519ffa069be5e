"""The ids by which Microsoft's logs name one call of Graph."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CallIds:
    """The ids of one call of Graph. Microsoft's logs name the call by them; by themselves they prove nothing."""

    request_id: str = ""
    """The id that Graph gave the call (header `request-id`); empty when its answer had none."""
    client_request_id: str = ""
    """The id that was sent with the call (header `client-request-id`); empty when there was none."""
