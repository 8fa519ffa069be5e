"""Define the commands and options of the command line. It is long because every command is defined here."""

import asyncio
import importlib.metadata
import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bot.terminal.plan.options import FileCommand, chosen_columns
from bot.terminal.printing import end_without_reader
from workflows.intervals import USUAL_PAUSES, Pauses

app = typer.Typer(
    name="gatehouse",
    help="Opens a Microsoft Entra tenant to partner organizations from Slack.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)

Port = Annotated[int, typer.Option(help="The port of the page; 0 means any free port.", min=0, max=65535)]
Browser = Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in a browser.")]
Data = Annotated[Path | None, typer.Option(help="Store everything in this folder; without it, in a temporary folder.")]
Only = Annotated[str | None, typer.Option(help="Start one simulator only (slack or entra), and no bot.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON with stable keys, and nothing else.")]
Names = Annotated[bool, typer.Option("--names", help="Look up the names of unknown tenant IDs, with one call each.")]
SocketMode = Annotated[bool, typer.Option("--socket-mode", help="Reach the bot by Socket Mode instead of HTTP.")]


def _print_version(is_asked: bool) -> None:
    if is_asked:
        print(f"gatehouse {importlib.metadata.version('gatehouse')}")
        raise typer.Exit


Version = Annotated[bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)]


@app.command()
def sandbox(
    port: Port = 8420,
    browser: Browser = True,
    data: Data = None,
    only: Only = None,
    socket_mode: SocketMode = False,
) -> None:
    """Run a simulated chat workspace, a simulated tenant and the bot on this machine. No account is needed."""
    from bot.terminal.sandbox_command import run_sandbox

    if only not in (None, "slack", "entra"):
        raise typer.BadParameter("choose slack or entra", param_hint="--only")
    status = asyncio.run(run_sandbox(port=port, browser=browser, data=data, only=only, socket_mode=socket_mode))
    raise typer.Exit(status)


@app.command()
def run() -> None:
    """Run the bot with the settings of the environment and of `.env`."""
    from bot.process.run import run_bot

    raise typer.Exit(run_bot())


Retry = Annotated[int | None, typer.Option("--retry", help="Try stopped work again, by its number.", metavar="NUMBER")]
GiveUp = Annotated[int | None, typer.Option("--give-up", help="Give up stopped work, by its number.", metavar="NUMBER")]


@app.command()
def doctor(retry: Retry = None, give_up: GiveUp = None) -> None:
    """Check the settings, the Slack app, the Graph permissions and the roles. Change nothing.

    With --retry or --give-up, decide instead about work that the bot stopped trying.
    """
    from bot.process.logs.logs import configure_terminal_logs
    from bot.process.logs.redactor import Redactor, secrets_of
    from bot.process.run import WRONG_SETTINGS, print_problems
    from bot.process.settings import SettingsProblems, load_settings
    from bot.terminal.doctor import examine

    redactor = Redactor()
    configure_terminal_logs(redactor)
    try:
        settings = load_settings()
        redactor.learn(secrets_of(settings, os.environ))
    except SettingsProblems as error:
        print_problems(error)
        raise typer.Exit(WRONG_SETTINGS) from None
    if retry is not None and give_up is not None:
        raise typer.BadParameter("choose one of them", param_hint="--retry, --give-up")
    if (number := retry if retry is not None else give_up) is not None:
        from bot.process.opening.readers import open_clock
        from bot.terminal.stopped_work_command import decide_stopped_work

        clock, is_retried = open_clock(settings), retry is not None
        raise typer.Exit(
            decide_stopped_work(settings.records, number, is_retried=is_retried, clock=clock, console=Console())
        )
    raise typer.Exit(asyncio.run(examine(settings, Console())))


FailOn = Annotated[
    str | None,
    typer.Option(
        "--fail-on", help="End with status 3 when there is an alert, or a warning or an alert.", metavar="WHAT"
    ),
]


@app.command()
def posture(context: typer.Context, as_json: AsJson = False, names: Names = False, fail_on: FailOn = None) -> None:
    """Show what access the tenant's default and every partner's settings give, with warnings. Change nothing."""
    from bot.terminal.posture.posture_command import FAIL_ON, show_posture

    if fail_on is not None and fail_on not in FAIL_ON:
        raise typer.BadParameter("choose alert or warning", param_hint="--fail-on")
    pauses = context.obj or USUAL_PAUSES
    raise typer.Exit(show_posture(as_json=as_json, looks_up_names=names, fail_on=fail_on, pauses=pauses))


Asked = Annotated[str, typer.Argument(help="A mail address, a domain or a tenant ID.", metavar="ADDRESS_OR_DOMAIN")]
AskedApplication = Annotated[
    list[str] | None, typer.Argument(help="The name or ID of an application.", metavar="[APPLICATION]")
]


@app.command()
def diagnose(context: typer.Context, who: Asked, application: AskedApplication = None, as_json: AsJson = False) -> None:
    """Say in steps why somebody from outside cannot get in, and who can change it. Change nothing."""
    from bot.terminal.posture.diagnose_command import show_diagnosis

    pauses = context.obj or USUAL_PAUSES
    named = " ".join(application or ())
    raise typer.Exit(show_diagnosis(who, named, prints_json=as_json, pauses=pauses))


Reason = Annotated[str, typer.Option("--reason", help="Why. Everybody who waits reads it.", metavar="TEXT")]


@app.command()
def freeze(reason: Reason) -> None:
    """Stop everything that opens access, at once. Blocking still works. Two admins end it, in Slack."""
    from bot.terminal.freeze_command import freeze_now

    raise typer.Exit(freeze_now(reason))


HandOver = Annotated[bool, typer.Option("--hand-over", help="Stop using these records here; another place goes on.")]
TakeOver = Annotated[str, typer.Option("--take-over", help="Go on here with what was handed over.", metavar="VALUE")]


@app.command()
def generation(context: typer.Context, hand_over: HandOver = False, take_over: TakeOver = "") -> None:
    """Say whether these are the newest records, and while the bot is held what they lack. Change nothing.

    With --hand-over or --take-over, move the records to another place. The bot must not run.
    """
    from bot.terminal.posture.generation_command import hand_over_now, show_generation, take_over_now

    if hand_over and take_over:
        raise typer.BadParameter("choose one of them", param_hint="--hand-over, --take-over")
    if hand_over:
        raise typer.Exit(hand_over_now())
    raise typer.Exit(take_over_now(take_over) if take_over else show_generation(context.obj or USUAL_PAUSES))


MoveFrom = Annotated[
    str, typer.Option("--from", help="The file of SQLite; without it, the one in DATABASE_URL.", metavar="ADDRESS")
]
MoveTo = Annotated[str, typer.Option("--to", help="The database in PostgreSQL, empty or new.", metavar="ADDRESS")]
LookOnly = Annotated[bool, typer.Option("--dry-run", help="Say what would be moved, and what is in the way.")]


@app.command()
def migrate(to: MoveTo, from_: MoveFrom = "", dry_run: LookOnly = False) -> None:
    """Move all records from SQLite to PostgreSQL, and compare them row by row. The bot must not run.

    It can be stopped at any moment and run again. Exit status: 0 moved; 1 not moved; 2 wrong settings.
    """
    try:
        from bot.terminal.posture.migrate_command import MigrateOptions, migrate_records
    except ModuleNotFoundError as error:  # that the bot needs only with PostgreSQL
        raise typer.BadParameter(f"{error.name} is missing: uv sync --extra postgres", param_hint="--to") from None

    raise typer.Exit(migrate_records(MigrateOptions(source=from_, target=to, is_dry_run=dry_run)))


Closed = Annotated[str, typer.Argument(help="The partner's domain or tenant ID.", metavar="PARTNER")]
WhyClosed = Annotated[str, typer.Option("--reason", help="Why; asked for on a terminal.", metavar="TEXT")]
Confirm = Annotated[
    str,
    typer.Option("--confirm", help="The partner's domain, typed for a script.", metavar="DOMAIN"),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be written and what stays. Store nothing.")]
Drill = Annotated[bool, typer.Option("--drill", help="Do everything but the writes, and print the time of each step.")]
Wait = Annotated[float, typer.Option("--wait", help="How many seconds to follow it.", min=0, max=86_400)]


@app.command()
def revoke(
    context: typer.Context,
    partner: Closed,
    reason: WhyClosed = "",
    confirm: Confirm = "",
    dry_run: DryRun = False,
    drill: Drill = False,
    wait: Wait = 600,
) -> None:
    """Block a partner for good, without Slack, and read it back. docs/closing.md lists the exit statuses."""
    from bot.terminal.closing.command import ClosingOptions, close_partner
    from workflows.core.requests.request import Closing

    options = ClosingOptions(reason=reason, confirm=confirm, is_dry_run=dry_run, is_drill=drill, wait=wait)
    raise typer.Exit(close_partner(partner, Closing.REVOKE, options, context.obj or USUAL_PAUSES))


@app.command()
def suspend(
    context: typer.Context,
    partner: Closed,
    reason: WhyClosed = "",
    confirm: Confirm = "",
    dry_run: DryRun = False,
    drill: Drill = False,
    wait: Wait = 600,
) -> None:
    """Block a partner until that is lifted in Slack, without Slack, and read it back. What was approved is kept."""
    from bot.terminal.closing.command import ClosingOptions, close_partner
    from workflows.core.requests.request import Closing

    options = ClosingOptions(reason=reason, confirm=confirm, is_dry_run=dry_run, is_drill=drill, wait=wait)
    raise typer.Exit(close_partner(partner, Closing.SUSPEND, options, context.obj or USUAL_PAUSES))


@app.command()
def sweep(context: typer.Context, as_json: AsJson = False) -> None:
    """Compare every partner and the default with what was approved, and store what differs. The tenant is only read."""
    from bot.terminal.sweep_command import sweep_now

    raise typer.Exit(sweep_now(as_json=as_json, pauses=context.obj or USUAL_PAUSES))


class AdoptFormat(StrEnum):
    """The formats in which a draft is printed."""

    TABLE = "table"
    JSON = "json"


All = Annotated[bool, typer.Option("--all", help="Draft every partner that is not adopted yet.")]
OnlyPartners = Annotated[
    list[str] | None, typer.Option("--only", help="Only this partner; may be repeated.", metavar="DOMAIN")
]
WithoutPartners = Annotated[
    list[str] | None, typer.Option("--except", help="Not this partner; may be repeated.", metavar="DOMAIN")
]
DraftFormat = Annotated[AdoptFormat, typer.Option("--format", help="How to print the draft.")]


@app.command()
def adopt(
    context: typer.Context,
    all_: All = False,
    only: OnlyPartners = None,
    without: WithoutPartners = None,
    format_: DraftFormat = AdoptFormat.TABLE,
) -> None:
    """Draft one decision about the partners that are not adopted yet. A member confirms the draft in Slack.

    The tenant is only read, and nothing is asked for.
    """
    from bot.terminal.adopt_command import draft_adoptions

    if not all_:
        raise typer.BadParameter("add --all; one partner is adopted in Slack", param_hint="--all")
    is_json = format_ is AdoptFormat.JSON
    pauses = context.obj or USUAL_PAUSES
    raise typer.Exit(draft_adoptions(only or [], without or [], as_json=is_json, pauses=pauses))


OneBatch = Annotated[str, typer.Argument(help="The batch; without it, those that have not ended.", metavar="B-…")]
Follow = Annotated[bool, typer.Option("--follow", help="Show how far it is until it has ended; Ctrl-C stops looking.")]
FollowedFor = Annotated[
    float | None, typer.Option("--wait", help="How many seconds to follow it; without it, until its end.", min=0)
]


@app.command()
def batches(batch: OneBatch = "", follow: Follow = False, wait: FollowedFor = None) -> None:
    """Show the batches that have not ended, or how far one is. It only reads the bot's records.

    Exit status: 0; 1 there is no answer; 2 wrong settings; 3 it stopped or ended before everything was applied;
    4 the time of --wait was over before the batch was.
    """
    from bot.terminal.plan.batches_command import Following, show_batches

    if follow and not batch:
        raise typer.BadParameter("name a batch, for example B-5F3C9A10D2", param_hint="--follow")
    if wait is not None and not follow:
        raise typer.BadParameter("add --follow", param_hint="--wait")
    raise typer.Exit(show_batches(batch, Following(is_wanted=follow, wait=wait)))


SheetPath = Annotated[
    Path, typer.Argument(help="The sheet: .csv, .xlsx, .json or .toml; docs/import.md.", metavar="FILE")
]
OnlyJudge = Annotated[bool, typer.Option("--dry-run", help="Only judge each row; store no draft.")]
Compare = Annotated[bool, typer.Option("--compare", help="Only compare the sheet with the tenant; store no draft.")]
SheetName = Annotated[str, typer.Option("--sheet", help="The sheet, in a workbook with several.")]
Chosen = Annotated[list[str] | None, typer.Option("--column", help="Which column is which, as partner=Domain.")]
Usual = Annotated[str, typer.Option("--template", help="The template of rows that name none.")]
Lookups = Annotated[Path | None, typer.Option(help="Keep what was looked up in this file, to go on after a stop.")]
Expected = Annotated[str, typer.Option(help="Refuse a file that has another SHA-256.", metavar="SHA256")]
RowsAsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV, one row a partner.")]


class PlanOutput(StrEnum):
    """The formats of a plan."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


PlanFormat = Annotated[
    PlanOutput, typer.Option("--format", help="How to print the plan; markdown is for a pull request.")
]


@app.command(cls=FileCommand)
def plan(
    context: typer.Context,
    file: SheetPath,
    format_: PlanFormat = PlanOutput.TEXT,
    as_json: AsJson = False,
    sheet: SheetName = "",
    column: Chosen = None,
    template: Usual = "",
    lookups: Lookups = None,
) -> None:
    """Show what FILE would change for each partner, and who would decide. Nothing is stored or written.

    The exit status is 0 when nothing would change, 2 when something would, and 1 when that cannot be said.
    """
    from bot.terminal.plan.command import show_plan
    from bot.terminal.plan.file_inputs import AskedFile

    if as_json and format_ is PlanOutput.MARKDOWN:
        raise typer.BadParameter("choose one of them", param_hint="--json, --format")
    chosen = PlanOutput.JSON if as_json else format_
    asked = AskedFile(path=file, sheet=sheet, columns=chosen_columns(column), template=template, lookups=lookups)
    raise typer.Exit(show_plan(asked, chosen.value, pauses=context.obj or USUAL_PAUSES))


@app.command(cls=FileCommand)
def request(
    context: typer.Context,
    file: SheetPath,
    expect: Expected = "",
    as_json: AsJson = False,
    sheet: SheetName = "",
    column: Chosen = None,
    template: Usual = "",
    lookups: Lookups = None,
) -> None:
    """Store a draft of what FILE asks for, which a member confirms in Slack. The same file has one open draft."""
    from bot.terminal.plan.file_inputs import AskedFile
    from bot.terminal.plan.request_command import request_file

    asked = AskedFile(
        path=file,
        sheet=sheet,
        columns=chosen_columns(column),
        template=template,
        lookups=lookups,
        expected=expect,
    )
    raise typer.Exit(request_file(asked, as_json=as_json, pauses=context.obj or USUAL_PAUSES))


@app.command("import")
def import_sheet(
    context: typer.Context,
    file: SheetPath,
    dry_run: OnlyJudge = False,
    compare: Compare = False,
    sheet: SheetName = "",
    column: Chosen = None,
    template: Usual = "",
    lookups: Lookups = None,
    expect: Expected = "",
    as_json: AsJson = False,
    as_csv: RowsAsCsv = False,
) -> None:
    """Judge a sheet of partners and store a draft, which a member confirms in Slack. Nothing is written in Entra."""
    from bot.terminal.plan.import_command import AskedReport, Purpose, use_sheet
    from bot.terminal.plan.sheet_formats import SheetFormat

    if dry_run and compare:
        raise typer.BadParameter("choose one of them", param_hint="--dry-run, --compare")
    if as_json and as_csv:
        raise typer.BadParameter("choose one of them", param_hint="--json, --csv")
    asked = AskedReport(
        path=file,
        sheet=sheet,
        columns=chosen_columns(column),
        template=template,
        lookups=lookups,
        expected=expect,
        purpose=Purpose.REPORT if dry_run else Purpose.COMPARISON if compare else Purpose.DRAFT,
        file_format=SheetFormat.JSON if as_json else SheetFormat.CSV if as_csv else SheetFormat.TEXT,
    )
    raise typer.Exit(use_sheet(asked, pauses=context.obj or USUAL_PAUSES))


GuestsOf = Annotated[str, typer.Argument(help="The partner's domain or tenant ID.", metavar="PARTNER")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV, one row an account.")]


class ListedGuests(StrEnum):
    """The guests that are listed."""

    ALL = "all"
    INVITATIONS = "invitations"
    UNUSED = "unused"
    DISABLED = "disabled"
    ROLES = "roles"


OnlyGuests = Annotated[ListedGuests, typer.Option("--only", help="One kind of guests only.")]
Disable = Annotated[bool, typer.Option("--disable", help="Disable the accounts, after a preview that you confirm.")]
Enable = Annotated[bool, typer.Option("--enable", help="Not possible here: says who enables accounts, and where.")]
OnlyFound = Annotated[
    bool,
    typer.Option("--only-found", help="With --disable: only unused accounts and old invitations."),
]
WhyDisabled = Annotated[str, typer.Option("--reason", help="Why, for the audit log.", metavar="TEXT")]
ConfirmAccounts = Annotated[
    str,
    typer.Option("--confirm", help="Domain and number of accounts, typed for a script.", metavar="TEXT"),
]
ShowOnly = Annotated[bool, typer.Option("--dry-run", help="With --disable: only show who would be. Store nothing.")]


@app.command()
def guests(
    context: typer.Context,
    partner: GuestsOf,
    only: OnlyGuests = ListedGuests.ALL,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    disable: Disable = False,
    enable: Enable = False,
    only_found: OnlyFound = False,
    reason: WhyDisabled = "",
    confirm: ConfirmAccounts = "",
    dry_run: ShowOnly = False,
    wait: Wait = 600,
) -> None:
    """List the guest accounts of a partner's people, as an estimate, with the reason for each; or disable them."""
    from bot.terminal.evidence.guests_command import print_guests
    from bot.terminal.evidence.guests_formats import GuestsFormat
    from workflows.core.partners.reviewing.evidence.guest_listing import GuestFilter

    if (as_json or as_csv) and (disable or enable):
        raise typer.BadParameter("leave out --disable and --enable", param_hint="--json, --csv")
    if not disable and (only_found or reason or confirm or dry_run):
        raise typer.BadParameter("add --disable", param_hint="--only-found, --reason, --confirm, --dry-run")
    if disable or enable:
        from bot.terminal.closing.guests_command import disable_guests, refuse_enabling
        from bot.terminal.closing.guests_following import DisablingOptions

        options = DisablingOptions(reason=reason, confirm=confirm, only_found=only_found, is_dry_run=dry_run, wait=wait)
        pauses = context.obj or USUAL_PAUSES
        raise typer.Exit(refuse_enabling() if enable else disable_guests(partner, options, pauses))
    if as_json and as_csv:
        raise typer.BadParameter("choose one of them", param_hint="--json, --csv")
    chosen = GuestsFormat.JSON if as_json else GuestsFormat.CSV if as_csv else GuestsFormat.TEXT
    raise typer.Exit(print_guests(partner, chosen, GuestFilter(only.value), context.obj or USUAL_PAUSES))


class ReportFormat(StrEnum):
    """The formats of an audit report."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    HTML = "html"


class ExportFormat(StrEnum):
    """The formats of the catalogue."""

    CSV = "csv"
    JSON = "json"
    TOML = "toml"
    """A file of partners, for `plan`, `request` and `import`."""


Partner = Annotated[
    str | None, typer.Option("--partner", help="Only this partner: its domain or tenant ID.", metavar="DOMAIN")
]
First = Annotated[
    str | None, typer.Option("--from", help="The first day on which requests were sent (UTC).", metavar="YYYY-MM-DD")
]
Last = Annotated[str | None, typer.Option("--to", help="The last day, which is included (UTC).", metavar="YYYY-MM-DD")]
Format = Annotated[ReportFormat, typer.Option("--format", help="How to write the report.")]
CatalogueFormat = Annotated[ExportFormat, typer.Option("--format", help="How to write the catalogue.")]
audit_app = typer.Typer(help="Take reports out of the audit log, and verify it.", no_args_is_help=True)
app.add_typer(audit_app, name="audit")


@audit_app.callback()
def audit() -> None:
    """Take reports out of the audit log, and verify it."""


@audit_app.command()
def report(
    partner: Partner = None, first: First = None, last: Last = None, format_: Format = ReportFormat.TABLE
) -> None:
    """Write who asked, who approved and why, what was changed and verified. Each report is recorded.

    It comes from the records alone; the tenant is not read.
    """
    from bot.terminal.evidence.commands import take_report

    raise typer.Exit(take_report(partner, first, last, format_.value))


PostedHead = Annotated[
    str, typer.Option("--head", help="The line that Gatehouse posted, as it was posted.", metavar="LINE")
]


ExportedFile = Annotated[
    Path | None,
    typer.Option("--file", help="Verify this file of gatehouse audit export, not the records.", metavar="FILE"),
]


@audit_app.command()
def verify(head: PostedHead = "", file: ExportedFile = None, as_json: AsJson = False) -> None:
    """Check that no entry or record was changed, removed, added or moved. The bot may run meanwhile.

    Exit status: 0 it is whole; 1 it was changed, and the first entry is named; 2 it cannot be checked.
    """
    from bot.terminal.evidence.verify_command import verify_audit

    raise typer.Exit(verify_audit(head, as_json=as_json, exported=file))


AfterCursor = Annotated[
    str, typer.Option("--after", help="Only entries after this cursor, as an earlier run printed it.", metavar="CURSOR")
]
CursorPath = Annotated[
    Path | None, typer.Option("--cursor", help="Go on after the cursor in this file, and store the new one in it.")
]
OutputPath = Annotated[
    Path | None, typer.Option("--output", help="Append to this file, each entry once, instead of printing.")
]


@audit_app.command("export")
def export_log(after: AfterCursor = "", cursor: CursorPath = None, output: OutputPath = None) -> None:
    """Write the entries of the audit log as JSON lines in OCSF, for a SIEM. Each export is recorded.

    Exit status: 0 written; 1 not all is written; 2 wrong settings or fields; 3 the log does not contain the cursor.
    """
    from bot.terminal.evidence.log_export.command import ExportOptions, export_audit

    if after and cursor is not None:
        raise typer.BadParameter("choose one of them", param_hint="--after, --cursor")
    raise typer.Exit(export_audit(ExportOptions(after=after, cursor=cursor, output=output)))


Gone = Annotated[
    str, typer.Argument(help="The account ID of the person in Entra, or their chat ID.", metavar="ACCOUNT")
]
OnlyPreview = Annotated[bool, typer.Option("--dry-run", help="Only show what would be erased.")]
Confirmed = Annotated[bool, typer.Option("--yes", help="Do not ask before it is erased.")]


@audit_app.command("erase")
def erase(context: typer.Context, account: Gone, dry_run: OnlyPreview = False, yes: Confirmed = False) -> None:
    """Erase the texts of a person whose account is gone. The audit log stays whole, and shows a pseudonym.

    Nobody is erased whom an open request, a partner in force or another open record names. It is recorded, without the
    texts. Exit status: 0 erased or shown; 1 not possible; 2 wrong settings.
    """
    from bot.terminal.evidence.erase_command import erase_person

    pauses = context.obj or USUAL_PAUSES
    raise typer.Exit(erase_person(account, pauses, is_preview=dry_run, is_confirmed=yes))


@audit_app.command("new-key")
def new_key() -> None:
    """Print a new key for the audit log, to add as the last one to AUDIT_KEY or AUDIT_KEY_FILE."""
    from bot.terminal.evidence.verify_command import print_new_key

    print_new_key()


@app.command()
def export(context: typer.Context, format_: CatalogueFormat = ExportFormat.CSV) -> None:
    """Write the catalogue: every partner with its record. Each export is recorded.

    As toml, write the partners in force as a file, of which `gatehouse plan` says that nothing would change.
    """
    from bot.terminal.evidence.commands import take_catalogue, take_toml

    is_toml = format_ is ExportFormat.TOML
    raise typer.Exit(take_toml(context.obj or USUAL_PAUSES) if is_toml else take_catalogue(format_.value))


@app.callback()
def gatehouse(version: Version = False) -> None:
    """Opens a Microsoft Entra tenant to partner organizations from Slack."""


def main(pauses: Pauses = USUAL_PAUSES) -> None:
    """Run the command line."""
    end_without_reader()
    app(obj=pauses)
