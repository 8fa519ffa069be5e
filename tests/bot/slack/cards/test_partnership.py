"""What cards, lists and the App Home say of a partner's state."""

import pytest

from bot.slack.cards.partnership import partnership_icon, partnership_state_words
from tests.workflows.core.builders import NOW, partnership
from workflows.core.partners.partnership import PartnershipState
from workflows.core.settings.open_access import AccessState, OpenAccess

OPEN = OpenAccess(name="inboundTrust.isMfaAccepted", opening=AccessState.PARTLY)
UNKNOWN = OpenAccess(name="m365CollaborationInbound", opening=AccessState.UNKNOWN)


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (None, ""),
        ((), ""),
        ((UNKNOWN,), ", not known if everything is closed"),
        ((OPEN,), ", not everything closed"),
        ((UNKNOWN, OPEN), ", not everything closed"),
    ],
)
@pytest.mark.parametrize("state", [PartnershipState.REVOKED, PartnershipState.SUSPENDED])
def test_what_is_only_not_known_is_not_called_open(
    state: PartnershipState, left: tuple[OpenAccess, ...] | None, said: str
) -> None:
    record = partnership(state=state, not_closed=left)
    assert partnership_state_words(record, NOW) == f"{state.value}{said}"
    assert (partnership_icon(record, NOW) == "⚠️") is bool(said)
