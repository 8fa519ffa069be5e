"""Read a template's file and roles.toml: the pydantic models of their content, and the template made from them."""

import hashlib
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any, Final, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from workflows.catalog.settings_table import GUID, PLACEHOLDER_NAME, FileModel, SettingsTable
from workflows.core.people import Role
from workflows.core.plans.plan import AtEnd, OnSilence
from workflows.core.policy.placeholders import Placeholder, placeholder_uses
from workflows.core.policy.reviews.terms import USUAL_LIMITS, GuestLimits
from workflows.core.policy.template import USUAL_REMINDERS, DisablingGuests, MayRequestFor, Stage, Template, TicketRule
from workflows.core.settings.documents import to_document
from workflows.core.settings.id_owner import Owner
from workflows.core.settings.model import Property, Setting, TargetType

Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
Days = Annotated[int, Field(ge=1, le=3650)]
RoleName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]

_OF_THE_FORM: Final = frozenset({"need", "purpose", "ticket", "end_date", "may_request", "on_behalf_of"})
"""Keys that only the form uses. Nobody approves them, so a change of them makes no decision invalid.

Who may request is checked again when the request is prepared, with the roles of that time.
"""
_OF_REVIEWS: Final = frozenset({"attest_mfa_for_days", "unused_guests_after_days", "open_invitations_after_days"})
"""Keys that every review reads from the present template. No request depends on them."""
_OF_TIME: Final = frozenset({"remind_after_days"})
"""Keys that choose when people are reminded. They give nobody a right, so a change makes no decision invalid."""
_OF_GUESTS: Final = frozenset({"disabling_guests"})
"""Keys that are read when guest accounts are disabled. No request for access depends on them."""
_REPEATED_GROUP: Final = re.compile(r"(?<!\\)\)[*+{]")


class _Stage(FileModel):
    title: Title
    role: RoleName
    quorum: Annotated[int, Field(ge=1, le=20)]
    alternates: RoleName | None = None
    escalate_after_days: Annotated[int, Field(ge=1, le=60)] | None = None

    @model_validator(mode="after")
    def _check_alternates(self) -> Self:
        if self.alternates is not None and self.escalate_after_days is None:
            raise ValueError("alternates: they are never asked; add escalate_after_days")
        if self.alternates == self.role:
            raise ValueError("alternates: name another role than the stage's own")
        return self

    def to_domain(self) -> Stage:
        alternates = None if self.alternates is None else Role(self.alternates)
        return Stage(
            title=self.title,
            role=Role(self.role),
            quorum=self.quorum,
            alternates=alternates,
            escalate_after=self.escalate_after_days,
        )


class _Placeholder(FileModel):
    # The form's field is called hole_<name>; chat systems take at most 255 characters of a name.
    name: Annotated[str, Field(pattern=rf"^{PLACEHOLDER_NAME}$", max_length=60)]
    label: Title
    kind: TargetType
    hint: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""
    required: bool = True
    prefix: Annotated[str, StringConstraints(max_length=60)] = ""


class _Ticket(FileModel):
    pattern: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    hint: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""
    required: bool = True

    @field_validator("pattern")
    @classmethod
    def _check_pattern(cls, pattern: str) -> str:
        """Check that the pattern is a regular expression without a repeated group, which could take very long."""
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from error
        if _REPEATED_GROUP.search(pattern):
            raise ValueError("a group cannot be repeated, because such a pattern can take for ever; write it out")
        return pattern

    def to_domain(self) -> TicketRule:
        return TicketRule(pattern=self.pattern, hint=self.hint, is_required=self.required)


class TemplateFile(FileModel):
    """One template."""

    title: Title
    description: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
    need: Annotated[str, StringConstraints(strip_whitespace=True, max_length=75)] = ""
    purpose: Annotated[str, StringConstraints(strip_whitespace=True, max_length=60)] = ""
    ticket: _Ticket | None = None
    end_date: bool = True
    may_request: tuple[RoleName, ...] = Field(default=(), max_length=20)
    on_behalf_of: MayRequestFor = MayRequestFor.NOBODY
    at_end: AtEnd = AtEnd.ASK
    attest_mfa_for_days: Days | None = None
    on_silence: OnSilence = OnSilence.ESCALATE
    unused_guests_after_days: Annotated[int, Field(ge=30, le=1095)] = USUAL_LIMITS.unused_after.days
    open_invitations_after_days: Annotated[int, Field(ge=1, le=1095)] = USUAL_LIMITS.invited_before.days
    disabling_guests: DisablingGuests = DisablingGuests.ADMIN
    review_every_days: Days
    durations_days: tuple[Days, ...] = Field(min_length=1, max_length=20)
    default_duration_days: Days
    decide_within_days: Annotated[int, Field(ge=1, le=90)]
    remind_after_days: tuple[Annotated[int, Field(ge=1, le=60)], ...] = Field(
        default=USUAL_REMINDERS, min_length=1, max_length=10
    )
    placeholders: tuple[_Placeholder, ...] = Field(default=(), max_length=20)
    stages: tuple[_Stage, ...] = Field(min_length=1, max_length=10)
    settings: SettingsTable

    @model_validator(mode="after")
    def _check_whole(self) -> Self:
        if self.default_duration_days not in self.durations_days:
            raise ValueError("default_duration_days: choose one of durations_days")
        if not self.settings.model_fields_set:
            raise ValueError("settings: name at least one setting, or the template changes nothing")
        if list(self.remind_after_days) != sorted(set(self.remind_after_days)):
            raise ValueError("remind_after_days: list each day once, the first one first, as in [1, 2, 4]")
        if late := self._late_escalation():
            raise ValueError(late)
        if problems := "; ".join(self._problems_of_placeholders()):
            raise ValueError(problems)
        return self

    def _late_escalation(self) -> str:
        """Return the problem of an escalation that comes only after the request has expired; empty for none."""
        for index, stage in enumerate(self.stages):
            # NB. days of a week: the shortest time in which so many working days can pass.
            if stage.escalate_after_days is not None and stage.escalate_after_days >= self.decide_within_days:
                return (
                    f"stages.{index}.escalate_after_days: the request expires after {self.decide_within_days} days, "
                    "so nobody else would be asked; choose fewer days"
                )
        return ""

    def to_domain(self, name: str) -> Template:
        """Return the template with the name `name`."""
        settings = self.settings.to_domain()
        return Template(
            name=name,
            title=self.title,
            description=self.description,
            settings=settings,
            stages=tuple(stage.to_domain() for stage in self.stages),
            review_interval=timedelta(days=self.review_every_days),
            durations=tuple(timedelta(days=days) for days in sorted(set(self.durations_days))),
            default_duration=timedelta(days=self.default_duration_days),
            decide_within=timedelta(days=self.decide_within_days),
            content_hash=self._content_hash(settings),
            placeholders=self._parse_placeholders(settings),
            need=self.need,
            purpose=self.purpose,
            ticket=None if self.ticket is None else self.ticket.to_domain(),
            may_end_on_date=self.end_date,
            at_end=self.at_end,
            attest_mfa_for=None if self.attest_mfa_for_days is None else timedelta(days=self.attest_mfa_for_days),
            on_silence=self.on_silence,
            may_request=tuple(map(Role, dict.fromkeys(self.may_request))),
            may_request_for=self.on_behalf_of,
            remind_after=self.remind_after_days,
            disabling_guests=self.disabling_guests,
            guest_limits=GuestLimits(
                unused_after=timedelta(days=self.unused_guests_after_days),
                invited_before=timedelta(days=self.open_invitations_after_days),
            ),
        )

    def _content_hash(self, settings: dict[Property, Setting]) -> str:
        """Hash the meaning of the file. Open requests keep this hash, so every version must compute the same one.

        A key with its default value is left out. So a key that a later version adds changes no hash until a file sets
        it. Keys that only the form or reviews use are left out, too. `hint` and `required` of a placeholder are always
        included, because they are older than this rule.
        """
        meaning = {
            **self.model_dump(
                mode="json",
                exclude={
                    **dict.fromkeys(("placeholders", *_OF_THE_FORM, *_OF_REVIEWS, *_OF_TIME, *_OF_GUESTS), True),
                    "stages": {"__all__": {"escalate_after_days"}},
                },
                exclude_defaults=True,
            ),
            "settings": {key: to_document(value) for key, value in settings.items()},
        }
        if self.placeholders:
            # The key of earlier versions: requests keep a hash that was computed with it.
            meaning["holes"] = [
                {
                    "hint": placeholder.hint,
                    "required": placeholder.required,
                    **placeholder.model_dump(mode="json", exclude={"prefix"}, exclude_defaults=True),
                }
                for placeholder in self.placeholders
            ]
        return hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()

    def _parse_placeholders(self, settings: dict[Property, Setting]) -> tuple[Placeholder, ...]:
        owners = {place.name: place.owner for place in placeholder_uses(settings)}
        return tuple(
            Placeholder(
                name=placeholder.name,
                label=placeholder.label,
                kind=placeholder.kind,
                owner=owners[placeholder.name],
                hint=placeholder.hint,
                is_required=placeholder.required,
                prefix=placeholder.prefix,
            )
            for placeholder in self.placeholders
        )

    def _problems_of_placeholders(self) -> Iterator[str]:
        """List the differences between the declared placeholders and their places in the settings."""
        declared = {placeholder.name: placeholder for placeholder in self.placeholders}
        if len(declared) < len(self.placeholders):
            yield "placeholders: two placeholders have the same name"
        uses = list(placeholder_uses(self.settings.to_domain()))
        for place in uses:
            placeholder = declared.get(place.name)
            if placeholder is None:
                yield f"settings: {{{place.name}}} is not one of the placeholders; declare it under [[placeholders]]"
            elif placeholder.kind is not place.kind:
                yield f"placeholders: {place.name} is a {placeholder.kind} but stands where a {place.kind} does"
            elif place.is_alone and not placeholder.required:
                yield f"placeholders: {place.name} is all that stands in its list, so it must be required"
        for name, placeholder in declared.items():
            if placeholder.prefix and any(use.owner is Owner.THEIRS for use in uses if use.name == name):
                yield f"placeholders: {name} is an ID of theirs, whose name nobody here can read; remove its prefix"
            owners = {place.owner for place in uses if place.name == name}
            if not owners:
                yield f"placeholders: {name} stands nowhere in the settings"
            elif len(owners) > 1:
                yield f"placeholders: {name} stands for an ID of ours and for one of theirs; make it two placeholders"


class RoleFile(FileModel):
    """One table of roles.toml: who has a role."""

    title: Title
    user_groups: tuple[str, ...] = ()
    entra_groups: tuple[Annotated[str, Field(pattern=rf"^{GUID}$")], ...] = ()
    people: tuple[Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")], ...] = ()
    accept_synchronized_groups: tuple[Annotated[str, Field(pattern=rf"^{GUID}$")], ...] = ()

    @model_validator(mode="after")
    def _check_people(self) -> Self:
        if not (self.user_groups or self.entra_groups or self.people):
            raise ValueError("name somebody: user_groups, entra_groups or people")
        named = {group.lower() for group in self.entra_groups}
        if unnamed := [group for group in self.accept_synchronized_groups if group.lower() not in named]:
            raise ValueError(f"accept_synchronized_groups: add {unnamed[0]} to entra_groups too, or remove it")
        return self

    def to_domain(self) -> dict[str, Any]:
        """Return the fields of a role's source."""
        return self.model_dump()
