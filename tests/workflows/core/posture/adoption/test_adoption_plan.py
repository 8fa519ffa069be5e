"""The plan of an adoption: no operation, and a digest over everything that is approved."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workflows.core.builders import BRUNO, NOW, RILEY, SAM, TENANT, identity
from tests.workflows.core.strategies import partner_documents
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.partners.approval_policy import ApprovalPolicy, approval_chain_for, strongest_template
from workflows.core.plans.closing import only_reduces_access
from workflows.core.plans.plan import AtEnd, Plan, count_written
from workflows.core.plans.renewal import is_extension, is_renewal
from workflows.core.policy.risk import risk_for_approval, risk_of, weakness_of
from workflows.core.posture.adoption.adoption_plan import plan_adoption, settings_digest
from workflows.core.posture.adoption.authorship import Authorship, UnknownAuthor
from workflows.core.posture.adoption.equal_template import equal_template
from workflows.core.posture.current_risk import current_risk
from workflows.core.requests.request import ObservedPartner
from workflows.core.settings.canonical import JsonObject

TEMPLATES = tuple(load_catalog(SHIPPED).templates.values())
STRONGEST = strongest_template(TEMPLATES)
STANDS: JsonObject = {"tenantId": TENANT, "inboundTrust": {"isMfaAccepted": True}}


def plan(configuration: JsonObject = STANDS, default: JsonObject | None = None, **changes: Any) -> Plan:
    usual: dict[str, Any] = {
        "decides": STRONGEST,
        "equal": None,
        "duration": timedelta(days=90),
        "owner": RILEY.id,
        "sponsor": SAM.id,
        "authorship": Authorship(authors=(BRUNO.id,)),
    }
    seen = ObservedPartner(identity=identity(), configuration=configuration, at=NOW, default=default)
    return plan_adoption(seen, configuration, **{**usual, **changes})


def test_the_digest_covers_what_stands_and_everything_that_is_approved_with_it() -> None:
    others = [
        plan({**STANDS, "inboundTrust": {"isMfaAccepted": False}}),
        plan(default={"inboundTrust": {"isMfaAccepted": True}}),
        plan(decides=TEMPLATES[0]),
        plan(equal=STRONGEST),
        plan(duration=timedelta(days=91)),
        plan(owner=BRUNO.id),
        plan(sponsor=BRUNO.id),
        plan(authorship=Authorship()),
        plan(authorship=Authorship(authors=(BRUNO.id,), unknown=UnknownAuthor.TOO_OLD)),
        replace(plan(), ends_at=NOW),
        replace(plan(), adoption=None),
    ]
    digests = {one.digest for one in others}
    assert len(digests) == len(others)
    assert plan().digest not in digests
    assert plan().digest == plan().digest


def test_what_happens_at_the_end_is_the_equal_templates_choice_and_without_one_it_asks() -> None:
    blocks = next(template for template in TEMPLATES if template.at_end is AtEnd.BLOCK)
    assert plan(decides=blocks, equal=blocks).at_end is AtEnd.BLOCK
    assert plan(decides=blocks, equal=None).at_end is AtEnd.ASK


def test_it_is_no_extension_and_no_reduction() -> None:
    assert not is_renewal(plan())
    assert not is_extension(plan())
    assert not only_reduces_access(plan())
    assert count_written(plan(), STANDS) == 0
    assert count_written(plan(), None) is None


@given(configuration=partner_documents(TENANT), default=st.one_of(st.none(), partner_documents(TENANT)))
def test_no_adoption_ever_has_an_operation_and_its_chain_is_enough_for_all_that_is_open(
    configuration: JsonObject, default: JsonObject | None
) -> None:
    """Whatever stands: the plan writes nothing, and its risk is that of opening everything for a closed partner."""
    equal = equal_template(configuration, TEMPLATES)
    adopted = plan(configuration, default, decides=equal or STRONGEST, equal=equal)
    assert adopted.operations == ()
    assert adopted.before == configuration
    assert adopted.configuration_after() == configuration
    assert risk_of(adopted, default).level == current_risk(configuration, default).level
    level = risk_for_approval(adopted, default).level
    policy = ApprovalPolicy(strongest=STRONGEST.stages)
    chain = approval_chain_for(adopted, (equal or STRONGEST).stages, policy, level)
    assert weakness_of(chain, level) is None


def test_the_digest_of_settings_does_not_depend_on_their_order() -> None:
    turned = dict(reversed(list(STANDS.items())))
    assert settings_digest(STANDS) == settings_digest(turned)
    assert settings_digest(STANDS) != settings_digest(None)


@pytest.mark.parametrize("duration", [timedelta(days=90), timedelta(days=400)])
def test_a_long_adoption_has_the_risk_of_a_long_access(duration: timedelta) -> None:
    assert risk_for_approval(plan(duration=duration)).level >= risk_for_approval(plan()).level
