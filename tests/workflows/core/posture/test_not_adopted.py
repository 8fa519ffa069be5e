"""Which partners of a posture are counted as not adopted yet."""

import pytest

from tests.workflows.core.builders import NOW, TENANT
from workflows.core.partners.records import Records
from workflows.core.posture.default_posture import default_posture
from workflows.core.posture.model import PartnerPosture, Posture
from workflows.core.posture.partner_posture import PostureInputs, evaluate_partner
from workflows.core.settings.block import BLOCK
from workflows.core.settings.canonical import JsonObject

OPEN: JsonObject = {"tenantId": TENANT, "inboundTrust": {"isMfaAccepted": True}}


def evaluated(configuration: JsonObject | None) -> PartnerPosture:
    inputs = PostureInputs.of({}, Records(), Records(), NOW)
    return evaluate_partner(TENANT, configuration, None, inputs)


@pytest.mark.parametrize(
    ("configuration", "is_counted"),
    [
        (OPEN, True),
        ({"tenantId": TENANT}, False),
        ({"tenantId": TENANT, **BLOCK}, False),
        ({**OPEN, "isServiceProvider": True}, False),
        ({**OPEN, "isInMultiTenantOrganization": True}, True),
    ],
)
def test_what_is_open_without_a_record_and_nobody_elses_is_counted(configuration: JsonObject, is_counted: bool) -> None:
    partner = evaluated(configuration)
    posture = Posture(
        read_at=NOW,
        home=None,
        default=default_posture({}, ()),
        partners=(partner,),
        partner_count=1,
        records_are_read=True,
        unanswered=0,
    )
    assert posture.not_adopted == ((partner,) if is_counted else ())
