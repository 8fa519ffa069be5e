"""The plan of a request from a file, for a terminal: partner, changes, risk, approvers, operations."""

from collections.abc import Iterator

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from bot.slack.cards.partner_and_plan import operations_json
from bot.terminal.printing import safe_text
from bot.words.findings.finding import finding_lines, finding_words, severity_words, source_words
from bot.words.plans.changes import ChangeLine, describe_changes, duration_words
from bot.words.plans.consequences import consequence_words
from bot.words.plans.current_settings import describe_staying_open
from bot.words.plans.risk import LEVELS, risk_lines
from bot.words.refusals.sentences import fact_words
from bot.words.requests.access_end import AT_END
from bot.words.reviews.silence import reviews_words
from bot.words.sentences import counted, day
from workflows.app.requests.files.plan_from_file import PlannedRequest
from workflows.core.checks.consequences import consequences
from workflows.core.checks.findings import Severity
from workflows.core.plans.closing import only_reduces_access
from workflows.core.plans.plan import Plan, TenantIdentity
from workflows.core.policy.risk import RiskLevel

_EFFECTS = {True: "yellow", False: "green", None: "magenta"}
_RISKS = {
    LEVELS[RiskLevel.LOW]: "green",
    LEVELS[RiskLevel.ELEVATED]: "yellow",
    LEVELS[RiskLevel.HIGH]: "bold red",
}
_SEVERITIES = {
    Severity.ERROR: "bold red",
    Severity.WARNING: "yellow",
    Severity.UNCHECKED: "magenta",
    Severity.NOTE: "dim",
}


def print_plan(planned_request: PlannedRequest, sha256: str, console: Console) -> None:
    """Print the plan of a request from a file. Nothing was stored or sent to Graph.

    :param sha256: the hash of the file.
    """
    console.print(Text(f"{'File SHA-256':<15}", style="bold").append(sha256), soft_wrap=True)
    for label, value in _tenant(planned_request.observation.identity):
        console.print(Text(f"{label:<15}", style="bold").append_text(safe_text(value, 300)))
    console.print(Text(f"{'Template':<15}", style="bold").append_text(safe_text(planned_request.template.title)))
    template = planned_request.template
    then = f", {AT_END[template.at_end].then}" if template.may_end_on_date else ""
    lasts = f"{duration_words(planned_request.duration)}{then}"
    if planned_request.plan is not None and (starts_at := planned_request.plan.starts_at) is not None:
        console.print(Text(f"{'Starts':<15}", style="bold").append(f"{day(starts_at)} (UTC)"))
    console.print(Text(f"{'Duration':<15}", style="bold").append(lasts))
    if template.may_end_on_date:
        reviews = reviews_words(template.review_interval, template.on_silence)
        console.print(Text(f"{'Reviews':<15}", style="bold").append(reviews))
    console.print()
    if planned_request.plan is None:
        console.print("Nothing to change: the partner has every setting of this template already.")
        if planned_request.how_to_extend is not None:
            console.print(safe_text(fact_words(planned_request.how_to_extend), 500))
        return
    _print_changes(planned_request, planned_request.plan, console)
    _print_risk(planned_request, planned_request.plan, console)
    notes = tuple(map(consequence_words, consequences(planned_request.plan, planned_request.observation.default)))
    _print_list("Notes", notes, console)
    _print_findings(planned_request, console)
    _print_chain(planned_request, planned_request.plan, console)
    _print_operations(planned_request.plan, console)
    _print_change_id(planned_request, console)


def _tenant(identity: TenantIdentity) -> Iterator[tuple[str, str]]:
    yield "Partner", identity.name
    yield "Tenant ID", identity.tenant_id
    if identity.is_resolved:
        yield "Display name", f"{identity.display_name} (not verified)"
    else:
        yield "Not confirmed", "Entra does not know this tenant ID in this Microsoft cloud"
    if identity.typed_name not in (identity.default_domain.lower(), identity.tenant_id):
        yield "Requested as", identity.typed_name


def _print_changes(planned_request: PlannedRequest, plan: Plan, console: Console) -> None:
    console.print(Text("What would change", style="bold"))
    table = Table(box=SIMPLE_HEAD, padding=(0, 1), pad_edge=False, show_edge=False)
    for name in ("Setting", "Before", "After", "Effect"):
        table.add_column(name, overflow="fold")
    for line in describe_changes(plan, planned_request.observation.default, planned_request.names):
        table.add_row(*_cells(line))
    if plan.before is None and not table.row_count:
        table.add_row("The partner", "no settings of its own", "settings of its own, all from the default", "No change")
    console.print(table)
    console.print()


def _cells(line: ChangeLine) -> tuple[Text, Text, Text, Text]:
    effect = Text(line.effect, style=_EFFECTS[line.opens])
    return safe_text(line.setting), safe_text(line.before), safe_text(line.after), effect


def _print_risk(planned_request: PlannedRequest, plan: Plan, console: Console) -> None:
    for line in risk_lines(plan, planned_request.observation.default):
        title = Text(f"{line.about}: ", style="bold").append(line.level, style=_RISKS.get(line.level, "bold"))
        console.print(title.append(line.needs))
        for reason in line.reasons:
            console.print(_item(safe_text(reason)))
    console.print()
    _print_kept_open(planned_request, plan, console)


def _print_kept_open(planned_request: PlannedRequest, plan: Plan, console: Console) -> None:
    staying_open = describe_staying_open(plan, planned_request.observation.default, planned_request.names)
    _print_list("Stays open, not changed", tuple(f"{line.setting}: {line.words}" for line in staying_open), console)


def _print_list(title: str, sentences: tuple[str, ...], console: Console) -> None:
    if not sentences:
        return
    console.print(Text(title, style="bold"))
    for sentence in sentences:
        console.print(_item(safe_text(sentence)))
    console.print()


def _print_findings(planned_request: PlannedRequest, console: Console) -> None:
    if not planned_request.findings:
        return
    console.print(Text("Checks", style="bold"))
    for finding in planned_request.findings:
        line = Text().append(f"{severity_words(finding.severity).upper()}: ", style=_SEVERITIES[finding.severity])
        line.append_text(safe_text(finding_words(finding)))
        console.print(_item(line.append(f" ({source_words(finding.source)})", style="dim")))
        for finding_line in finding_lines(finding):
            console.print(Padding(safe_text(finding_line, style="dim"), (0, 0, 0, 5)))
    console.print()


def _print_chain(planned_request: PlannedRequest, plan: Plan, console: Console) -> None:
    console.print(Text("Who would decide", style="bold"))
    if only_reduces_access(plan):
        console.print(_item(Text("It only reduces or blocks access, so one approver is enough.")))
    for number, stage in enumerate(planned_request.stages, 1):
        people = counted(stage.quorum, "person", "people")
        console.print(_item(safe_text(f"{number}. {stage.title}: {people} with the role {stage.role}")))
    console.print(
        _item(Text("Never the requester or the sponsor. Each person can approve once. No people were looked up."))
    )
    console.print()


def _print_operations(plan: Plan, console: Console) -> None:
    console.print(Text("The exact Microsoft Graph operations", style="bold"))
    text = operations_json(plan.operations)
    if console.is_terminal:
        console.print(Syntax(text, "json", background_color="default", word_wrap=True))
    else:
        console.print(Text(text), soft_wrap=True)
    console.print()


def _print_change_id(planned_request: PlannedRequest, console: Console) -> None:
    console.print(Text("Change ID: ", style="bold").append(planned_request.digest or ""), soft_wrap=True)
    console.print("Nothing was stored, nobody was asked, and nothing was written to the tenant.")


def _item(text: Text) -> Table:
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_row(" •", text)
    return grid
