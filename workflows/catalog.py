"""Loads and checks the templates and the roles they speak of: TOML files, one folder.

Every problem is found before any is reported, each with file and key; a catalog with a problem is not loaded.
"""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from workflows.core.errors import DomainError
from workflows.core.partner import (
    ALL_APPLICATIONS,
    ALL_USERS,
    OFFICE_365,
    AccessType,
    AutomaticRedemption,
    B2BSetting,
    InboundTrust,
    Property,
    Setting,
    Target,
    TargetConfiguration,
    TargetType,
    to_document,
)
from workflows.core.people import ADMIN, Role
from workflows.core.template import Stage, Template
from workflows.ports import RoleSource

SHIPPED: Final = Path(__file__).parent / "templates"
ROLES_FILE: Final = "roles.toml"


class CatalogProblems(DomainError):
    """The templates cannot be used. `problems` names every file and key at once."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """What can be requested, and who holds which role."""

    templates: Mapping[str, Template]
    roles: Mapping[Role, RoleSource]


Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
Days = Annotated[int, Field(ge=1, le=3650)]
Guid = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"


Model = TypeVar("Model", bound=BaseModel)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Users(_File):
    access: AccessType
    targets: tuple[Annotated[str, Field(pattern=rf"^(AllUsers|(user|group):{Guid})$")], ...] = Field(min_length=1)

    def parsed(self) -> TargetConfiguration:
        return TargetConfiguration(access=self.access, targets=tuple(map(_user_target, self.targets)))


class _Applications(_File):
    access: AccessType
    targets: tuple[Annotated[str, Field(pattern=rf"^({ALL_APPLICATIONS}|{OFFICE_365}|{Guid})$")], ...] = Field(
        min_length=1
    )

    def parsed(self) -> TargetConfiguration:
        targets = tuple(Target(type=TargetType.APPLICATION, id=target) for target in self.targets)
        return TargetConfiguration(access=self.access, targets=targets)


class _B2B(_File):
    users: _Users
    applications: _Applications

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        """Refuse what Graph refuses: half a block, and "all" beside single targets (Graph: "Target configuration")."""
        for name, targets, everything in (
            ("users", self.users.targets, ALL_USERS),
            ("applications", self.applications.targets, ALL_APPLICATIONS),
        ):
            if everything in targets and len(targets) > 1:
                raise ValueError(f"{name}.targets: {everything} stands alone; remove it or the other targets")
        blocks_users = self.users.access is AccessType.BLOCKED and ALL_USERS in self.users.targets
        blocks_applications = (
            self.applications.access is AccessType.BLOCKED and ALL_APPLICATIONS in self.applications.targets
        )
        if blocks_users != blocks_applications:
            raise ValueError("a block is whole: block AllUsers and AllApplications together, or neither")
        return self

    def parsed(self) -> B2BSetting:
        return B2BSetting(users_and_groups=self.users.parsed(), applications=self.applications.parsed())


class _Trust(_File):
    mfa: bool | None = None
    compliant_device: bool | None = None
    hybrid_joined_device: bool | None = None

    def parsed(self) -> InboundTrust:
        return InboundTrust(**self.model_dump())


class _Redemption(_File):
    inbound: bool | None = None
    outbound: bool | None = None

    def parsed(self) -> AutomaticRedemption:
        return AutomaticRedemption(**self.model_dump())


class _Settings(_File):
    b2b_collaboration_inbound: _B2B | None = None
    b2b_collaboration_outbound: _B2B | None = None
    b2b_direct_connect_inbound: _B2B | None = None
    b2b_direct_connect_outbound: _B2B | None = None
    inbound_trust: _Trust | None = None
    automatic_redemption: _Redemption | None = None

    def parsed(self) -> dict[Property, Setting]:
        named = {name: getattr(self, name) for name in type(self).model_fields if name in self.model_fields_set}
        return {Property[name.upper()]: value.parsed() for name, value in named.items() if value is not None}


class _Stage(_File):
    title: Title
    role: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    quorum: Annotated[int, Field(ge=1, le=20)]


class _Template(_File):
    title: Title
    description: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
    review_every_days: Days
    durations_days: tuple[Days, ...] = Field(min_length=1, max_length=20)
    default_duration_days: Days
    decide_within_days: Annotated[int, Field(ge=1, le=90)]
    stages: tuple[_Stage, ...] = Field(min_length=1, max_length=10)
    settings: _Settings

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.default_duration_days not in self.durations_days:
            raise ValueError("default_duration_days: choose one of durations_days")
        if not self.settings.model_fields_set:
            raise ValueError("settings: name at least one setting, or the template changes nothing")
        return self


class _Role(_File):
    title: Title
    user_groups: tuple[str, ...] = ()
    entra_groups: tuple[Annotated[str, Field(pattern=rf"^{Guid}$")], ...] = ()
    people: tuple[Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")], ...] = ()

    @model_validator(mode="after")
    def _has_somebody(self) -> Self:
        if not (self.user_groups or self.entra_groups or self.people):
            raise ValueError("name somebody: user_groups, entra_groups or people")
        return self


def load_catalog(folder: Path) -> Catalog:
    """Load every `*.toml` in `folder`: one template a file, and roles.toml.

    :raises CatalogProblems: naming everything that is wrong, by file and key.
    """
    if not folder.is_dir():
        raise CatalogProblems((f"GATEHOUSE_TEMPLATES: {folder} is not a folder; name one with templates in it",))
    problems: list[str] = []
    roles = _load_roles(folder / ROLES_FILE, problems)
    templates: dict[str, Template] = {}
    paths = [path for path in sorted(folder.glob("*.toml")) if path.name != ROLES_FILE]
    for path in paths:
        parsed = _parse(path, _Template, problems)
        if parsed is not None:
            templates[path.stem] = _template(path.stem, parsed)
            problems += [
                f"{path.name}: stages.{index}.role: {stage.role} is not in {ROLES_FILE}; add it there"
                for index, stage in enumerate(parsed.stages)
                if roles is not None and Role(stage.role) not in roles
            ]
    if not paths:
        problems.append(f"{folder}: no template found; add at least one .toml file beside {ROLES_FILE}")
    if problems or roles is None:
        raise CatalogProblems(tuple(problems))
    return Catalog(templates=templates, roles=roles)


def _load_roles(path: Path, problems: list[str]) -> dict[Role, RoleSource] | None:
    document = _read(path, problems)
    if document is None:
        return None
    roles: dict[Role, RoleSource] = {}
    for name, content in document.items():
        parsed = _check(f"{path.name}: {name}", _Role, content, problems)
        if parsed is not None:
            roles[Role(name)] = RoleSource(role=Role(name), **parsed.model_dump())
    if ADMIN not in document:
        problems.append(f"{path.name}: {ADMIN}: this role is missing; it names who may revoke")
    return roles


def _template(name: str, parsed: _Template) -> Template:
    settings = parsed.settings.parsed()
    meaning = {
        **parsed.model_dump(mode="json"),
        "settings": {key: to_document(value) for key, value in settings.items()},
    }
    return Template(
        name=name,
        title=parsed.title,
        description=parsed.description,
        settings=settings,
        stages=tuple(Stage(title=s.title, role=Role(s.role), quorum=s.quorum) for s in parsed.stages),
        review_interval=timedelta(days=parsed.review_every_days),
        durations=tuple(timedelta(days=days) for days in sorted(parsed.durations_days)),
        default_duration=timedelta(days=parsed.default_duration_days),
        decide_within=timedelta(days=parsed.decide_within_days),
        content_hash=hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest(),
    )


def _parse(path: Path, model: type[Model], problems: list[str]) -> Model | None:
    document = _read(path, problems)
    return None if document is None else _check(path.name, model, document, problems)


def _read(path: Path, problems: list[str]) -> dict[str, Any] | None:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        problems.append(f"{path.name}: missing in {path.parent}")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        problems.append(f"{path.name}: not readable as TOML: {error}")
    return None


def _check(place: str, model: type[Model], content: object, problems: list[str]) -> Model | None:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        for item in error.errors():
            key = ".".join(map(str, item["loc"])) or "file"
            problems.append(f"{place}: {key}: {item['msg']}")
    return None


def _user_target(text: str) -> Target:
    if text == ALL_USERS:
        return Target(type=TargetType.USER, id=ALL_USERS)
    kind, _, guid = text.partition(":")
    return Target(type=TargetType(kind), id=guid)
