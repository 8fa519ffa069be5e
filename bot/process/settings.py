"""Read the environment and `.env` into one frozen Settings. No other module reads the environment.

All problems are reported together. Standard names are used where a standard exists. It is long because every setting
is here.
"""

import os
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, TypeVar
from urllib.parse import urlsplit

from pydantic import (
    AwareDatetime,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.process.environment import load_env_file, read_secret_files, unknown_names
from workflows.catalog.catalog import SHIPPED, CatalogProblems, load_catalog
from workflows.core.audit.chain import WrongKeys, parse_keys
from workflows.ports.audit_log import AuditKeys
from workflows.ports.store import GenerationPlace
from workflows.store.audit_keys import GivenKeys, KeyFile
from workflows.store.generation_place import place_of
from workflows.store.location import RecordsLocation, location_of

_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_RESTORABLE_DAYS: Final = 30
"""How long Entra keeps a deleted account (Microsoft: "Restore or remove a recently deleted user")."""
_GUID: Final = r"^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
_ADVICE: Final = {
    "SLACK_BOT_TOKEN": "the bot token (xoxb-…) from “OAuth & Permissions” of the Slack app",
    "SLACK_SIGNING_SECRET": "the signing secret from “Basic Information” of the Slack app (or set SLACK_APP_TOKEN)",
    "SLACK_CHANNEL": "the id (C…) of the channel where approval cards are posted",
    "SLACK_TEAM_ID": "the id (T…) of the one workspace whose people may use the bot",
    "AZURE_TENANT_ID": "the home tenant's id, a GUID",
    "AZURE_CLIENT_ID": "the application (client) id of the app registration, a GUID",
    "GUESTS_AZURE_CLIENT_ID": "the application (client) id of the application for guest accounts, a GUID",
    "GATEHOUSE_ALLOWED_PERMISSIONS": "names of Graph's permissions with commas, for example Mail.Send",
    "GATEHOUSE_TICK_SECONDS": "a number of seconds above 0 and no more than 60",
    "GATEHOUSE_STOP_SECONDS": "a number of seconds from 0 to 600",
    "GATEHOUSE_MAX_REQUESTS_PER_HOUR": "a whole number from 1 to 10000",
    "GATEHOUSE_MAX_APPROVALS_PER_HOUR": "a whole number from 1 to 10000",
    "GATEHOUSE_MAX_APPROVALS_PER_DAY": "a whole number from 1 to 10000",
    "GATEHOUSE_PROFILE_CHANGES_SHOWN_DAYS": "a whole number from 0 to 365; 0 does not show them",
    "GATEHOUSE_TELL_UNUSUAL_DECISIONS": "true or false",
    "GATEHOUSE_TELL_WEEKLY_DECISIONS": "true or false",
    "GATEHOUSE_MAX_OPEN_REQUESTS": "a whole number from 1 to 10000",
    "GATEHOUSE_SECOND_LOOK_FROM": "a whole number from 1 to 10000",
    "GATEHOUSE_MAX_LOOKUPS_PER_HOUR": "a whole number from 1 to 10000",
    "GATEHOUSE_MAX_SEARCHES_PER_HOUR": "a whole number from 1 to 10000",
    "GATEHOUSE_MAX_BLOCKS_AT_END_PER_DAY": "a whole number from 0 to 10000",
    "GATEHOUSE_BATCH_HALT_PERCENT": "a whole number from 0 to 100; 100 never halts",
    "GATEHOUSE_DENIED_SIGN_INS_FROM": "a whole number from 0 to 10000; 0 tells nobody",
    "GATEHOUSE_DENIED_DAYS_FROM": "a whole number from 1 to 30",
    "GATEHOUSE_DENIED_PEOPLE_FROM": "a whole number from 1 to 100",
    "GATEHOUSE_DENIED_DISMISSED_DAYS": "a whole number from 1 to 365",
    "GATEHOUSE_FORGET_AFTER_DAYS": "0 to keep the data of people who left, or a whole number from 30 to 3650",
    "AUDIT_KEY": "one or more keys in base64, as openssl rand -base64 32 prints one, separated by commas",
    "PORT": "a whole number from 1 to 65535",
    "GATEHOUSE_HEALTH_PORT": "a whole number from 1 to 65535, another one than PORT",
    "SLACK_APP_ID": "the id (A…) of the Slack app, from “Basic Information”, or remove it",
    "SLACK_ENTERPRISE_ID": "the id (E…) of the Enterprise Grid, or remove it",
    "SLACK_SIGNING_SECRET_OLD_UNTIL": "when the old secret ends, such as 2026-11-28T19:00:00Z",
}

SettingsType = TypeVar("SettingsType", bound=BaseSettings)
Guid = Annotated[str, StringConstraints(pattern=_GUID, to_lower=True)]


class SettingsProblems(Exception):
    """The bot cannot start. `problems` lists every setting that is missing or wrong, with the correction."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class _Templates(BaseSettings):
    """The folder of the templates. It is also read when other settings are wrong."""

    model_config = SettingsConfigDict(
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        validate_default=True,
        defer_build=True,  # only one of these classes is used in a process
    )

    gatehouse_templates: Path = SHIPPED


class TenantSettings(_Templates):
    """The settings for reading the tenant and the records, for the commands that need no Slack."""

    azure_tenant_id: Guid
    azure_client_id: Guid
    azure_authority_host: str = "https://login.microsoftonline.com"
    graph_url: str = "https://graph.microsoft.com/v1.0"
    database_url: Annotated[str, Field(repr=False)] = "sqlite:///gatehouse.db"
    """A file of SQLite, or a database in PostgreSQL; that address may have a password."""
    database_url_file: Path | None = None
    audit_key: SecretStr = SecretStr("")
    """The keys of the audit log in base64, separated by commas; the newest is the last."""
    audit_key_file: Path | None = None
    """A file with these keys, one on each line. Without both, Gatehouse makes a file beside the database."""
    gatehouse_clock_file: Path | None = None
    """A file with a number of seconds to add to the clock; only with local services, for tests."""
    gatehouse_generation: str = ""
    """Where the generation is known outside of the database: a folder, `<installation>:<number>`, or the default."""
    gatehouse_max_lookups_per_hour: Annotated[int, Field(ge=1, le=10_000)] = 60
    """How many partners one person may look up in an hour."""
    gatehouse_allowed_permissions: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9., -]*$")] = ""
    """Names of permissions of Graph, with commas, that an application may have although Gatehouse does not need it."""
    guests_azure_client_secret: SecretStr = SecretStr("")
    guests_azure_client_certificate_path: str = ""
    guests_azure_client_certificate_password: SecretStr = SecretStr("")
    guests_azure_client_secret_file: Path | None = None
    guests_azure_client_certificate_password_file: Path | None = None
    azure_client_secret_file: Path | None = None
    """With the secret that azure-identity reads from the environment as `AZURE_CLIENT_SECRET`."""
    azure_client_certificate_password_file: Path | None = None
    guests_azure_client_id: Guid | None = None
    """The application that disables and enables guest accounts. None: Gatehouse does not do that."""

    @property
    def allowed_permissions(self) -> frozenset[str]:
        """Return the permissions that an application may have although Gatehouse does not need them."""
        return frozenset(filter(None, map(str.strip, self.gatehouse_allowed_permissions.split(","))))

    @property
    def records(self) -> RecordsLocation:
        """Return where the records are."""
        return location_of(self.database_url, self._audit_keys)

    def records_in(self, url: str) -> RecordsLocation:
        """Return another place of records, whose audit log has the same keys.

        :raises ValueError: when the address cannot be one. The text does not repeat a password.
        """
        return location_of(url, self._audit_keys)

    @property
    def _audit_keys(self) -> AuditKeys | None:
        if text := self.audit_key.get_secret_value():
            return GivenKeys(parse_keys(text))
        return None if self.audit_key_file is None else KeyFile(self.audit_key_file, is_own=False)

    @field_validator("audit_key")
    @classmethod
    def _check_audit_key(cls, value: SecretStr) -> SecretStr:
        try:
            if value.get_secret_value():
                parse_keys(value.get_secret_value())
        except WrongKeys as error:
            from bot.words.unavailable.audit_chain import KEY_PROBLEMS  # only for a wrong setting

            raise ValueError(KEY_PROBLEMS[error.problem]) from None
        return value

    @field_validator("audit_key_file")
    @classmethod
    def _check_audit_key_file(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if value is not None and info.data.get("audit_key", SecretStr("")).get_secret_value():
            raise ValueError("AUDIT_KEY is set too; set only one of them")
        if value is None and _is_on_server(info) and not info.data.get("audit_key", SecretStr("")).get_secret_value():
            raise ValueError("missing; with PostgreSQL no key is made, so set it, or AUDIT_KEY")
        return value

    @field_validator("graph_url", "azure_authority_host")
    @classmethod
    def _check_address(cls, value: str) -> str:
        return _safe_address(value)

    @field_validator("guests_azure_client_id")
    @classmethod
    def _check_guests_application(cls, value: str | None, info: ValidationInfo) -> str | None:
        secret, password = (
            info.data.get(f"guests_azure_client_{name}", SecretStr("")).get_secret_value()
            for name in ("secret", "certificate_password")
        )
        certificate = info.data.get("guests_azure_client_certificate_path", "")
        credentials = "GUESTS_AZURE_CLIENT_SECRET or GUESTS_AZURE_CLIENT_CERTIFICATE_PATH"
        if value is None and (secret or certificate or password):
            raise ValueError("missing, but its secret or certificate is set")
        if value is not None and not (secret or certificate):
            raise ValueError(f"its secret or certificate is missing; set {credentials} too, or remove the id")
        if secret and certificate:
            raise ValueError(f"it has a secret and a certificate; set only {credentials}")
        return value

    @field_validator("database_url")
    @classmethod
    def _check_database(cls, value: str) -> str:
        location_of(value)
        return value

    @property
    def generation_place(self) -> GenerationPlace:
        """Return where the generation is known outside of the records."""
        return place_of(self.gatehouse_generation, self.records.known_as)

    @field_validator("gatehouse_generation")
    @classmethod
    def _check_generation(cls, value: str, info: ValidationInfo) -> str:
        place_of(value, Path("gatehouse.db"))
        if not value and _is_on_server(info):
            raise ValueError("missing; with PostgreSQL set it to a folder that is kept, or <installation>:<number>")
        return value

    @field_validator("gatehouse_clock_file")
    @classmethod
    def _check_clock_file(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        addresses = [name for name in ("slack_api_url", "graph_url") if name in cls.model_fields]
        if value is not None and not all(_is_local(info.data.get(name, "")) for name in addresses):
            places = " and ".join(map(str.upper, addresses))
            raise ValueError(f"only with {places} on this machine; remove it")
        return value


class _SlackSettings(_Templates):
    """The settings for Slack."""

    slack_bot_token: Annotated[SecretStr, Field(min_length=10)]
    slack_app_token: SecretStr | None = None
    """The app-level token. With it the bot uses Socket Mode, otherwise HTTP."""
    slack_signing_secret: SecretStr = SecretStr("")
    slack_signing_secret_old: SecretStr = SecretStr("")
    """The signing secret before, accepted until `slack_signing_secret_old_until`; empty when there is none."""
    slack_signing_secret_old_until: AwareDatetime | None = None
    slack_bot_token_file: Path | None = None
    """A file with the bot token. It is read again while the bot runs, like the next two."""
    slack_app_token_file: Path | None = None
    slack_signing_secret_file: Path | None = None
    """A file with the signing secret, and with the old one; see `SecretFile`."""
    slack_app_id: Annotated[str, StringConstraints(pattern=r"^A[A-Z0-9]{2,}$")] | None = None
    """The Slack app. None: the one that the first bot token belongs to."""
    slack_enterprise_id: Annotated[str, StringConstraints(pattern=r"^E[A-Z0-9]{2,}$")] | None = None
    """The Enterprise Grid of the workspace. None: the one that the first bot token belongs to, or none."""
    slack_api_url: str = "https://slack.com/api/"
    slack_channel: Annotated[str, StringConstraints(pattern=r"^[CG][A-Z0-9]{2,}$")]
    slack_team_id: Annotated[str, StringConstraints(pattern=r"^T[A-Z0-9]{2,}$")]

    @property
    def is_socket_mode(self) -> bool:
        """Return whether the bot uses Socket Mode."""
        return self.slack_app_token is not None

    @property
    def has_secret_files(self) -> bool:
        """Return whether any secret is in a file that is read again while the bot runs."""
        return any((self.slack_signing_secret_file, self.slack_bot_token_file, self.slack_app_token_file))

    @field_validator("slack_api_url")
    @classmethod
    def _check_slack_address(cls, value: str) -> str:
        return _safe_address(value)

    @field_validator("slack_signing_secret")
    @classmethod
    def _check_signing_secret(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        if info.data.get("slack_app_token") is None and not value.get_secret_value():
            raise ValueError("missing")
        return value

    @field_validator("slack_signing_secret_old_until")
    @classmethod
    def _check_end_of_old_secret(cls, value: datetime | None, info: ValidationInfo) -> datetime | None:
        old, current = (
            info.data.get(name, SecretStr("")).get_secret_value()
            for name in ("slack_signing_secret_old", "slack_signing_secret")
        )
        if old and value is None:
            raise ValueError("missing, but SLACK_SIGNING_SECRET_OLD is set")
        if old and old == current:
            raise ValueError("SLACK_SIGNING_SECRET_OLD is the present secret, which does not end")
        return value


class Settings(TenantSettings, _SlackSettings):
    """All settings of the running bot. Secrets are not printed."""

    # NB. pydantic takes the fields of the last base first: Slack's are known where the tenant's are validated.
    gatehouse_tick_seconds: Annotated[float, Field(gt=0, le=60)] = 5.0
    """Seconds between two checks of what is due."""
    gatehouse_stop_seconds: Annotated[float, Field(ge=0, le=600)] = 20.0
    """The most seconds that a stop waits for what runs. What is not finished then is performed later."""
    gatehouse_max_requests_per_hour: Annotated[int, Field(ge=1, le=10_000)] = 20
    """How many requests one person may send in an hour."""
    gatehouse_max_approvals_per_hour: Annotated[int, Field(ge=1, le=10_000)] = 6
    """How many approvals one person may give in an hour."""
    gatehouse_max_approvals_per_day: Annotated[int, Field(ge=1, le=10_000)] = 20
    """How many approvals one person may give in 24 hours."""
    gatehouse_profile_changes_shown_days: Annotated[int, Field(ge=0, le=365)] = 7
    """How long before a high-risk approval a change of the approver's profile is shown; 0: it is not shown."""
    gatehouse_tell_unusual_decisions: bool = True
    """Whether the admins are told of approvals that are unusual for their person."""
    gatehouse_tell_weekly_decisions: bool = True
    """Whether each approver gets a weekly list of what was decided in their name."""
    gatehouse_max_open_requests: Annotated[int, Field(ge=1, le=10_000)] = 50
    """How many requests of one person may be open."""
    gatehouse_second_look_from: Annotated[int, Field(ge=1, le=10_000)] = 3
    """From which high-risk approval of one person within ten minutes on it must be confirmed; 1: each of them."""
    gatehouse_max_searches_per_hour: Annotated[int, Field(ge=1, le=10_000)] = 120
    """How often one person may search our own objects by name in an hour."""
    gatehouse_max_blocks_at_end_per_day: Annotated[int, Field(ge=0, le=10_000)] = 10
    """How many partners are blocked at the end of their access within 24 hours without an admin."""
    gatehouse_batch_halt_percent: Annotated[int, Field(ge=0, le=100)] = 10
    """From which share of partners that could not be applied on a run over many halts; 100: it never halts."""
    gatehouse_lift_within_days: Annotated[int, Field(ge=1, le=365)] = 30
    """How old a suspension may be to be lifted; an older one is restored."""
    gatehouse_denied_sign_ins_from: Annotated[int, Field(ge=0, le=10_000)] = 5
    """From how many denied sign-ins of a tenant without an entry on the admins are told; 0: they are not told."""
    gatehouse_denied_days_from: Annotated[int, Field(ge=1, le=30)] = 2
    """On how many days they must be, unless they are of as many people as the next setting says."""
    gatehouse_denied_people_from: Annotated[int, Field(ge=1, le=100)] = 2
    gatehouse_denied_dismissed_days: Annotated[int, Field(ge=1, le=365)] = 30
    """For how many days an admin can dismiss such a notice."""
    gatehouse_forget_after_days: Annotated[int, Field(ge=0, le=3650)] = 0
    """How long after an account is gone the texts of its person are erased; 0: never."""
    host: str = "0.0.0.0"  # noqa: S104  # a container's port has to be reachable; every request is checked by its signature
    port: Annotated[int, Field(ge=1, le=65535)] = 3000
    gatehouse_health_host: str = "127.0.0.1"
    """Where `/healthz`, `/readyz` and `/metrics` are. They tell about the process, and are not for everybody."""
    gatehouse_health_port: Annotated[int, Field(ge=1, le=65535)] = 3001

    @field_validator("gatehouse_forget_after_days")
    @classmethod
    def _check_forget_after(cls, value: int) -> int:
        if 0 < value < _RESTORABLE_DAYS:
            raise ValueError(f"a deleted account can be restored for {_RESTORABLE_DAYS} days")
        return value

    @field_validator("gatehouse_health_port")
    @classmethod
    def _check_health_port(cls, value: int, info: ValidationInfo) -> int:
        if value == info.data.get("port"):
            raise ValueError("the same as PORT, which Slack calls")
        return value


def load_settings() -> Settings:
    """Read the environment and `.env`.

    :raises SettingsProblems: listing everything that is missing or wrong, also in the templates; never a value.
    """
    return _load(Settings)


def load_tenant_settings() -> TenantSettings:
    """Read the settings of commands without Slack from the environment and `.env`.

    :raises SettingsProblems: as `load_settings` does.
    """
    return _load(TenantSettings)


def _load(kind: type[SettingsType]) -> SettingsType:
    unreadable = load_env_file(Path(".env"))
    if unreadable:
        raise SettingsProblems((unreadable,))  # every other problem may be a consequence of this one
    unknown = unknown_names(os.environ, {name.upper() for name in Settings.model_fields})
    secrets, unread = read_secret_files(os.environ, [name.upper() for name in kind.model_fields])
    try:
        settings = kind(**secrets)
    except ValidationError as error:
        told = tuple(f"{problem.partition('_FILE:')[0]}:" for problem in unread)
        problems = [_problem(item) for item in error.errors(include_input=False)]
        invalid = [problem for problem in problems if not problem.startswith(told)]
        raise SettingsProblems((*unknown, *unread, *invalid, *_template_problems())) from None
    if unknown or unread:
        raise SettingsProblems((*unknown, *unread))
    return settings


def _template_problems() -> tuple[str, ...]:
    try:
        load_catalog(_Templates().gatehouse_templates)
    except CatalogProblems as error:
        return error.problems
    except ValidationError:
        return ()  # reported already
    return ()


def _problem(item: ErrorDetails) -> str:
    if not item["loc"]:
        return item["msg"].removeprefix("Value error, ")
    name = str(item["loc"][0]).upper()
    advice = f"; set it to {_ADVICE[name]}" if name in _ADVICE else ""
    if item["type"] == "value_error":
        # Our own text; any other text is pydantic's, which contains patterns and inputs.
        return f"{name}: {item['msg'].removeprefix('Value error, ')}{advice}"
    return f"{name}: {'missing' if item['type'] == 'missing' else 'this value cannot be used'}{advice}"


def _safe_address(value: str) -> str:
    parts = urlsplit(value if "//" in value else f"https://{value}")
    if parts.scheme == "https" and parts.hostname:
        return parts.geturl()
    if parts.scheme == "http" and parts.hostname in _LOOPBACK:
        return value
    raise ValueError("must be an https:// address (plain http only on 127.0.0.1 or localhost)")


def _is_on_server(info: ValidationInfo) -> bool:
    """Return whether the records are in PostgreSQL: then nothing is beside them."""
    url = info.data.get("database_url")
    return url is not None and not url.startswith("sqlite:")


def _is_local(url: str) -> bool:
    return urlsplit(url).hostname in _LOOPBACK
