"""Create the flows that close partners, lift suspensions, and disable guest accounts."""

from datetime import timedelta

from bot.process.assembly.external_systems import ExternalSystems
from bot.slack.answers.windows import ModalWindows
from bot.slack.flows.revoke.flow import RevokeFlow
from bot.slack.flows.revoke.guest_flow import GuestAccountsFlow
from bot.slack.flows.revoke.lift import LiftFlow
from bot.slack.people.display_directory import DisplayDirectory
from bot.slack.people.members import Members
from workflows.app.limits import Limits
from workflows.app.requests.restoration.lift_intake import LiftIntake
from workflows.app.service import Service


def closing_flows(
    systems: ExternalSystems,
    service: Service,
    limits: Limits,
    windows: ModalWindows,
    members: Members,
    display_directory: DisplayDirectory,
) -> tuple[RevokeFlow, LiftFlow, GuestAccountsFlow]:
    """Return the flows."""
    revoke = RevokeFlow(
        service=service,
        windows=windows,
        members=members,
        directory=systems.directory,
        store=systems.store,
        tenant=systems.tenant,
        clock=systems.clock,
    )
    intake = LiftIntake(
        service=service,
        store=systems.store,
        tenant=systems.tenant,
        directory=systems.directory,
        catalog=systems.catalog,
        clock=systems.clock,
        limits=limits,
        lift_within=timedelta(days=systems.settings.gatehouse_lift_within_days),
    )
    lift = LiftFlow(windows=windows, members=members, intake=intake, display_directory=display_directory)
    return revoke, lift, _guest_accounts_flow(systems, service, windows, members)


def _guest_accounts_flow(
    systems: ExternalSystems, service: Service, windows: ModalWindows, members: Members
) -> GuestAccountsFlow:
    return GuestAccountsFlow(
        service=service,
        windows=windows,
        members=members,
        directory=systems.directory,
        catalog=systems.catalog,
        store=systems.store,
        tenant=systems.tenant,
        clock=systems.clock,
        changes_guests=systems.changes_guests,
    )
