"""Create each flow in Slack with what it needs. To add a flow, create it here: its entry points are included."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from bot.process.assembly.neighbours import Neighbours
from bot.slack.answers.open_forms import OpenForm, OpenForms
from bot.slack.answers.response_url import Answers
from bot.slack.answers.windows import Windows
from bot.slack.flows.decide import DecideFlow
from bot.slack.flows.entry_points import EntryPoint
from bot.slack.flows.given_up import GivenUpFlow
from bot.slack.flows.home.flow import HomeFlow
from bot.slack.flows.own_request import OwnRequestFlow
from bot.slack.flows.partner_setup.flow import PartnerSetupFlow
from bot.slack.flows.request_access.flow import RequestAccessFlow
from bot.slack.flows.request_access.open_form import OpenRequestForm
from bot.slack.flows.restore.flow import RestoreFlow
from bot.slack.flows.review import ReviewFlow
from bot.slack.flows.revoke.flow import RevokeFlow
from bot.slack.flows.show.flow import ShowFlow
from bot.slack.people.members import Members
from bot.slack.people.shown_directory import ShownDirectory
from workflows.app.limits import Limits
from workflows.app.reads.checklists import Checklists
from workflows.app.reads.look_up_permission import Looking
from workflows.app.requests.intake import Form, Intake
from workflows.app.requests.restore_intake import RestoreForm, RestoreIntake
from workflows.app.service import Service
from workflows.core.partner_setup.clouds import cloud_of
from workflows.ports.notifier import Notifier


class Flow(Protocol):
    """A flow in Slack: what a person does, from its entry points to what is stored."""

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""


def make_flows(around: Neighbours, service: Service, notifier: Notifier, limits: Limits) -> Sequence[Flow]:
    """Return every flow."""
    store, tenant, clock, background = around.store, around.tenant, around.clock, around.background
    directory = around.directory
    members = Members(directory=directory)
    looking = Looking(members=directory, service=service, limits=limits)
    windows = Windows(client=around.client, service=service, background=background)
    answers = Answers(
        service=service,
        looking=looking,
        directory=directory,
        background=background,
        slack_api_url=around.settings.slack_api_url,
        redact=around.redact,
    )
    request_access = _request_access(around, service, limits, windows, members, looking)
    return (
        request_access,
        DecideFlow(service=service, store=store, windows=windows, members=members, directory=directory, clock=clock),
        OwnRequestFlow(service=service, store=store, request_access=request_access),
        ReviewFlow(service=service, store=store, members=members, windows=windows, clock=clock),
        RevokeFlow(
            service=service,
            windows=windows,
            members=members,
            directory=directory,
            store=store,
            tenant=tenant,
            clock=clock,
        ),
        _restore(around, service, limits, windows, members, looking),
        PartnerSetupFlow(
            service=service,
            windows=windows,
            answers=answers,
            looking=looking,
            directory=directory,
            checklists=Checklists(store=store, tenant=tenant, cloud=cloud_of(around.settings.graph_url)),
        ),
        GivenUpFlow(service=service),
        HomeFlow(service=service, store=store, notifier=notifier, members=members, background=background),
        ShowFlow(
            answers=answers,
            windows=windows,
            looking=looking,
            members=members,
            people=ShownDirectory(directory, clock),
            store=store,
            tenant=tenant,
            clock=clock,
        ),
    )


def _request_access(
    around: Neighbours, service: Service, limits: Limits, windows: Windows, members: Members, looking: Looking
) -> RequestAccessFlow:
    def remember(form: Form) -> OpenRequestForm:
        return OpenRequestForm(form=form)

    return RequestAccessFlow(
        windows=windows,
        forms=OpenForms(windows, remember),
        members=members,
        looking=looking,
        intake=Intake(
            service=service,
            store=around.store,
            tenant=around.tenant,
            directory=around.directory,
            catalog=around.catalog,
            clock=around.clock,
            limits=limits,
        ),
        service=service,
        tenant=around.tenant,
        catalog=around.catalog,
    )


def _restore(
    around: Neighbours, service: Service, limits: Limits, windows: Windows, members: Members, looking: Looking
) -> RestoreFlow:
    def remember(form: RestoreForm) -> OpenForm[RestoreForm]:
        return OpenForm(form=form)

    return RestoreFlow(
        windows=windows,
        forms=OpenForms(windows, remember),
        members=members,
        looking=looking,
        intake=RestoreIntake(
            service=service,
            store=around.store,
            tenant=around.tenant,
            directory=around.directory,
            catalog=around.catalog,
            clock=around.clock,
            limits=limits,
        ),
        store=around.store,
        tenant=around.tenant,
        catalog=around.catalog,
    )
