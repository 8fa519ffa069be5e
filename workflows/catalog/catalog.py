"""Load and check the templates and the roles that they use: TOML files in one folder.

All problems are reported together, each with its file and key. A catalog with a problem is not loaded.
"""

import hashlib
import json
import os
import stat
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from workflows.catalog.holidays import HOLIDAYS_FILE, read_holidays
from workflows.catalog.template_files import RoleFile, TemplateFile
from workflows.core.errors.facts import Fact, Values
from workflows.core.errors.raised import DomainError
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ADMIN, READING_ROLES, Role, mail_in_lower_case
from workflows.core.plans.plan import Plan
from workflows.core.policy.placeholders import RENAMED_KEYS
from workflows.core.policy.relations import RELATIONS
from workflows.core.policy.reviews.terms import USUAL_ATTESTATION, USUAL_LIMITS, GuestLimits
from workflows.core.policy.risk import requirement_of, risk_of_settings, weakness_of
from workflows.core.policy.template import Template
from workflows.core.policy.working_time import WorkingCalendar
from workflows.core.requests.notes import NoteCode
from workflows.ports.people_directory import RoleSource

SHIPPED: Final = Path(__file__).parent.parent / "templates"
ROLES_FILE: Final = "roles.toml"


class CatalogProblems(DomainError):
    """The templates cannot be used. `problems` lists everything that is wrong, by file and key."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """The templates that can be requested, and the definition of each role."""

    templates: Mapping[str, Template]
    roles: Mapping[Role, RoleSource]
    calendar: WorkingCalendar = field(default_factory=WorkingCalendar)
    """The organization's working days."""

    @property
    def deciding_roles(self) -> frozenset[Role]:
        """Return the roles whose people can decide: every role but those that only read."""
        return frozenset(self.roles) - READING_ROLES

    def attest_mfa_for(self, template: str) -> timedelta | None:
        """Return how long an attestation of MFA counts for a partner of this template; None when none is asked.

        A template that was removed may have accepted the partner's MFA, so an attestation is asked. For a partner
        without a template see `app.evidence.reviews.attesting`.
        """
        known = self.templates.get(template)
        return USUAL_ATTESTATION if known is None else known.attest_mfa_for

    def guest_limits(self, template: str) -> GuestLimits:
        """Return from when on guests of a partner of this template are findings of its review.

        The usual limits hold for a partner without a template, and for a template that was removed.
        """
        known = self.templates.get(template)
        return USUAL_LIMITS if known is None else known.guest_limits

    def role_hashes(self, roles: Iterable[Role]) -> dict[str, str]:
        """Return the hash of each role's current definition; empty for a relation, and a role that does not exist."""
        return {role: role_hash(source) if (source := self.roles.get(role)) else "" for role in roles}


def role_hash(source: RoleSource) -> str:
    """Hash the definition of a role's members, without its title. Order and upper case make no difference."""
    meaning = {
        "user_groups": sorted(set(source.user_groups)),
        "entra_groups": sorted({group.lower() for group in source.entra_groups}),
        "people": sorted(set(map(mail_in_lower_case, source.people))),
    }
    if source.accept_synchronized_groups:  # without it the hash is that of earlier versions
        meaning["accepted"] = sorted({group.lower() for group in source.accept_synchronized_groups})
    return hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()


def changed_role(earlier_hashes: Mapping[str, str], catalog: Catalog) -> str:
    """Return the name of a role whose definition changed after a plan was made; empty when none changed.

    :param earlier_hashes: the hash of each role when the plan was made. It is empty in requests of earlier versions,
        which are not compared.
    """
    now = catalog.role_hashes(map(Role, earlier_hashes))
    return next((role for role in sorted(earlier_hashes) if earlier_hashes[role] != now[role]), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedRules:
    """The template or a role definition has changed since the plan was shown to the approvers."""

    code: RefusalCode
    values: Values
    fact: Fact
    """The same change as a note of a request; its code is a `NoteCode`."""


def changed_rules(plan: Plan, roles: Mapping[str, str], catalog: Catalog) -> ChangedRules | None:
    """Compare the template and roles of a plan with the current ones; None when they are the same.

    :param roles: the hash of each role's definition when the plan was made.
    """
    from workflows.catalog.rewording import has_same_meaning  # a start does not wait for it

    template = catalog.templates.get(plan.template)
    if template is None or not has_same_meaning(plan.template_hash, template.content_hash):
        return ChangedRules(code=RefusalCode.TEMPLATE_CHANGED, values={}, fact=Fact(NoteCode.TEMPLATE_CHANGED))
    if role := changed_role(roles, catalog):
        return ChangedRules(
            code=RefusalCode.ROLE_CHANGED, values={"role": role}, fact=Fact(NoteCode.ROLE_CHANGED, {"role": role})
        )
    return None


Model = TypeVar("Model", bound=BaseModel)


def load_catalog(folder: Path) -> Catalog:
    """Load every `*.toml` in `folder`: one template in each file, and roles.toml.

    :raises CatalogProblems: listing everything that is wrong, by file and key.
    """
    if not folder.is_dir():
        raise CatalogProblems((f"GATEHOUSE_TEMPLATES: {folder} is not a folder; name one with templates in it",))
    problems: list[str] = []
    roles = _load_roles(folder / ROLES_FILE, problems)
    has_holidays = (folder / HOLIDAYS_FILE).exists()
    calendar = read_holidays((_read(folder / HOLIDAYS_FILE, problems) if has_holidays else None) or {}, problems)
    templates: dict[str, Template] = {}
    paths = [path for path in sorted(folder.glob("*.toml")) if path.name not in (ROLES_FILE, HOLIDAYS_FILE)]
    problems += [
        f"{path.name}: every user of this machine can write it and so choose approvers; run chmod o-w {path}"
        for path in (folder, folder / ROLES_FILE, *paths)
        if _is_writable_by_everybody(path)
    ]
    for path in paths:
        parsed = _parse(path, TemplateFile, problems)
        if parsed is not None:
            template = templates[path.stem] = parsed.to_domain(path.stem)
            problems += [f"{path.name}: {problem}" for problem in _chain_problems(template)]
            problems += [f"{path.name}: {problem}" for problem in _role_problems(template, roles)]
            problems += [f"{path.name}: {problem}" for problem in _relation_problems(template)]
            problems += [
                f"{path.name}: may_request.{index}: {role} is not in {ROLES_FILE}; add it there"
                for index, role in enumerate(parsed.may_request)
                if roles is not None and Role(role) not in roles
            ]
    if not paths:
        problems.append(f"{folder}: no template found; add at least one .toml file beside {ROLES_FILE}")
    if problems or roles is None:
        raise CatalogProblems(tuple(problems))
    return Catalog(templates=templates, roles=roles, calendar=calendar)


def _is_writable_by_everybody(path: Path) -> bool:
    """Return whether every user of the machine can write a file, or exchange files of a folder. Windows has no mode."""
    try:
        mode = path.stat().st_mode
    except OSError:  # what is missing is a problem of its own
        return False
    keeps_files = stat.S_ISDIR(mode) and mode & stat.S_ISVTX
    return os.name == "posix" and bool(mode & stat.S_IWOTH) and not keeps_files


def _load_roles(path: Path, problems: list[str]) -> dict[Role, RoleSource] | None:
    document = _read(path, problems)
    if document is None:
        return None
    roles: dict[Role, RoleSource] = {}
    for name, content in document.items():
        if name in RELATIONS:
            problems.append(
                f"{path.name}: {name}: this name is reserved for a person whom Entra names; give the role another name"
            )
            continue
        parsed = _check(f"{path.name}: {name}", RoleFile, content, problems)
        if parsed is not None:
            roles[Role(name)] = RoleSource(role=Role(name), **parsed.to_domain())
    if ADMIN not in document:
        problems.append(f"{path.name}: {ADMIN}: this role is missing; it names who may revoke")
    return roles


def _role_problems(template: Template, roles: Mapping[Role, RoleSource] | None) -> Iterator[str]:
    """Return the problems of the roles that decide in a template's stages, and of their alternates."""
    for index, stage in enumerate(template.stages):
        for key, role in (("role", stage.role), ("alternates", stage.alternates)):
            is_known = role in (roles or ()) or (key == "role" and role in RELATIONS)
            if role is not None and roles is not None and not is_known:
                yield f"stages.{index}.{key}: {role} is not in {ROLES_FILE}; add it there"
            if role in READING_ROLES:
                yield f"stages.{index}.{key}: {role} only reads and decides nothing; name another role"


def _chain_problems(template: Template) -> Iterator[str]:
    """Return the problem of an approval chain that is too weak for the highest risk of its template; at most one."""
    risk = risk_of_settings(template.settings, template.durations[-1])
    if (weak := weakness_of(template.stages, risk.level)) is not None:
        need = requirement_of(risk.level)
        why = ", ".join(reason.value.replace("_", " ") for reason in risk.reasons)
        yield (
            f"stages: the risk is {risk.level.name.lower()} and needs {need.people} approvers (stages: at least "
            f"{need.stages}), but the approval policy has {weak.people} (stages: {weak.stages}). "
            f"The risk is because of: {why}"
        )


def _relation_problems(template: Template) -> Iterator[str]:
    """Return what is wrong with the stages of a template that one person has by relation."""
    seen: set[Role] = set()
    for index, stage in enumerate(template.stages):
        if stage.role not in RELATIONS:
            continue
        if stage.quorum > 1:
            yield f"stages.{index}.quorum: only one person is the {stage.role}, so it must be 1"
        if stage.role in seen:
            yield f"stages.{index}.role: {stage.role} is one person, who can approve once; name it in one stage only"
        seen.add(stage.role)


def _parse(path: Path, model: type[Model], problems: list[str]) -> Model | None:
    document = _read(path, problems)
    return None if document is None else _check(path.name, model, document, problems)


def _read(path: Path, problems: list[str]) -> dict[str, Any] | None:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        problems.append(f"{path.name}: missing in {path.parent}")
    except (ValueError, RecursionError, OSError) as error:  # invalid TOML or UTF-8, or a number too long for Python
        problems.append(f"{path.name}: not readable as TOML: {error}")
    return None


def _check(location: str, model: type[Model], content: object, problems: list[str]) -> Model | None:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        for item in error.errors():
            key = ".".join(map(str, item["loc"])) or "file"
            if item["type"] == "extra_forbidden" and model is TemplateFile and key in RENAMED_KEYS:
                new = RENAMED_KEYS[key]
                problems.append(
                    f"{location}: {key}: this key is called {new} now; write [[{new}]] in place of [[{key}]]"
                )
                continue
            from workflows.core.policy.graph_examples import corrected_word  # a start with right templates needs none

            word = corrected_word(item.get("input"), of_applications="applications" in item["loc"])
            cure = "" if word is None else f"; write {word}"
            problems.append(f"{location}: {key}: {item['msg']}{cure}")
    return None
