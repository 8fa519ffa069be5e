"""The surfaces of absences and reassignments: the windows, the thread, and App Homes."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from bot.slack.blocks.blocks import Json
from bot.slack.flows.decide.delegation.absence_views import absence_view
from bot.slack.flows.decide.delegation.reassign_flow import reassign_view
from bot.slack.flows.decide.views import decision_view
from bot.slack.flows.home.view import home_view
from bot.slack.outbound.requests.reassignment_messages import thread_message
from tests.bot.shipped_cards import NAMES, waiting
from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DANA, NOW, approval
from workflows.app.approvers.absences import ShownAbsences
from workflows.app.reads.app_home import AppHome
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.people import Person
from workflows.core.policy.delegation.absence import Absence, absence_id
from workflows.core.policy.delegation.asking import Reassignment
from workflows.ports.audit_log import AuditEntry


def _absence(person: Person, delegate: Person, by: Person) -> Absence:
    return Absence(
        id=absence_id(person.id, 1),
        version=1,
        person=person,
        delegate=delegate,
        from_=NOW - timedelta(days=2),
        until=NOW + timedelta(days=12),
        set_by=by,
        set_at=NOW - timedelta(days=3),
        note="Two weeks at the sea. Ask me only if it cannot wait.",
    )


OWN: Final = _absence(AMARA, BRUNO, AMARA)
OTHERS: Final = (_absence(BRUNO, CHIE, DANA), _absence(CHIE, BRUNO, CHIE))
MADE: Final = Reassignment(
    stage=0, from_person=AMARA, to_person=BRUNO, by=DANA, at=NOW, reason="Amara is at a customer until Friday."
)


def delegation_windows() -> dict[str, Json]:
    """Return the windows and App Homes."""
    today, zone = NOW.date(), "Europe/Amsterdam"
    asked = waiting(load_catalog(SHIPPED).templates["trusted-partner"])
    decided = replace(asked, decisions=(replace(approval(BRUNO, 0, digest=asked.plan.digest), on_behalf_of=AMARA),))
    entry = AuditEntry(
        key="a",
        at=NOW,
        actor=DANA.chat_id,
        command="reassign",
        outcome="accepted",
        details={"from": f"{AMARA.name} ({AMARA.id})", "to": f"{BRUNO.name} ({BRUNO.id})", "reason": MADE.reason},
    )
    names = {person.chat_id: person.name for person in (AMARA, BRUNO)}
    return {
        "away-form": absence_view(
            own=None, others=(), is_admin=False, person=AMARA.chat_id, today=today, zone=zone, now=NOW
        ),
        "away-own": absence_view(
            own=OWN, others=(), is_admin=False, person=AMARA.chat_id, today=today, zone=zone, now=NOW
        ),
        "away-admin": absence_view(
            own=None, others=OTHERS, is_admin=True, person=DANA.chat_id, today=today, zone="UTC", now=NOW
        ),
        "away-home": home_view(AppHome(absences=ShownAbsences(own=(OWN,))), now=NOW),
        "away-home-admin": home_view(AppHome(is_admin=True, absences=ShownAbsences(others=2)), now=NOW),
        "reassign-form": reassign_view(asked, "Security", names),
        "reassign-details": decision_view(
            decided, history=[entry], now=NOW, holders=NAMES, may_decide=False, may_reassign=True
        ),
    }


def delegation_messages() -> dict[str, list[Json]]:
    """Return what the thread says of a reassignment."""
    asked = waiting(load_catalog(SHIPPED).templates["trusted-partner"])
    return {"reassign-thread": thread_message(asked, MADE).blocks}
