"""Find the template that gives exactly the settings that a partner has."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from itertools import islice, product
from typing import Any, Final

from workflows.core.errors.raised import InvalidField, NothingToChange, UnreadableSetting
from workflows.core.partners.approval_policy import strongest_template
from workflows.core.plans.current_settings import unmanaged_settings
from workflows.core.plans.planning import plan_access
from workflows.core.policy.placeholders import Placeholder, fill, named_configurations, placeholder_of
from workflows.core.policy.template import Template
from workflows.core.settings.access_change import is_certainly_blocked
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.capabilities import parse_capabilities
from workflows.core.settings.documents import has_no_value, parse_setting
from workflows.core.settings.model import (
    FLAGS,
    Property,
    Setting,
    TenantId,
    is_guid,
)
from workflows.core.settings.undocumented_members import undocumented_members

MAX_GUESSES: Final = 24
"""How many ways to put the partner's ids into the placeholders of a template are tried."""
_ANY_TENANT: Final = TenantId("00000000-0000-0000-0000-000000000000")
"""What a template gives does not depend on the tenant."""


def equal_template(configuration: JsonObject, templates: Iterable[Template]) -> Template | None:
    """Return the template that gives exactly these settings; None when there is none.

    A request with this template would change nothing, and the partner sets nothing else. Trust and consent that the
    template does not name must not be on. When several templates give them, the one with the strongest approval chain
    is returned.

    :param configuration: the partner's own configuration, as Graph returned it.
    """
    unknown = undocumented_members(configuration).values()
    if unmanaged_settings(configuration) or not all(map(has_no_value, unknown)):
        return None
    equal = [template for template in templates if _is_equal(configuration, template)]
    return strongest_template(equal) if equal else None


def _is_equal(configuration: JsonObject, template: Template) -> bool:
    if any(placeholder.prefix for placeholder in template.placeholders):
        return False  # the names of the objects are not known here, so they may be others than the template allows
    if template.ticket is not None and template.ticket.is_required:
        return False  # an adoption has no ticket
    if not all(_is_named(name, template, configuration.get(name.value)) for name in Property):
        return False
    return any(_changes_nothing(configuration, settings) for settings in _possible_settings(configuration, template))


def _is_named(name: Property, template: Template, document: Any) -> bool:
    """Return whether the template sets everything that the partner sets. What is off needs no template."""
    setting = template.settings.get(name)
    if has_no_value(document) or (name is Property.M365_CAPABILITIES and _are_off(document)):
        return True
    if setting is None:
        return False
    if name not in FLAGS:
        return True
    try:
        own = parse_setting(name, document)
    except UnreadableSetting:
        return False
    return all(getattr(own, key) is not True or getattr(setting, key) is True for key in FLAGS[name])


def _are_off(document: Any) -> bool:
    try:
        found = parse_capabilities(document)
    except UnreadableSetting:
        return False
    return found is None or all(map(is_certainly_blocked, found.items))


def _changes_nothing(configuration: JsonObject, settings: Mapping[Property, Setting]) -> bool:
    try:
        plan_access(
            tenant_id=_ANY_TENANT,
            before=configuration,
            settings=settings,
            template="",
            template_hash="",
            duration=timedelta(0),
        )
    except NothingToChange:
        return True
    return False


def _possible_settings(configuration: JsonObject, template: Template) -> Iterator[Mapping[Property, Setting]]:
    """Yield the settings of a template with the partner's own ids in its placeholders, in each possible way."""
    names = [placeholder.name for placeholder in template.placeholders]
    choices = [
        tuple(_candidates(configuration, template, each_placeholder)) for each_placeholder in template.placeholders
    ]
    for values in islice(product(*choices), MAX_GUESSES):
        try:
            yield fill(template.settings, template.placeholders, dict(zip(names, values, strict=True)))
        except InvalidField:
            continue


def _candidates(configuration: JsonObject, template: Template, placeholder: Placeholder) -> Iterator[str]:
    """Yield the partner's ids that stand where the template has a placeholder, and nothing if it is optional."""
    for name, setting in template.settings.items():
        own_lists = dict(named_configurations(_parse_or_none(name, configuration)))
        for list_name, template_list in named_configurations(setting):
            if any(placeholder_of(target) == placeholder.name for target in template_list.targets):
                own = own_lists.get(list_name)
                yield from (
                    own_target.id
                    for own_target in (() if own is None else own.targets)
                    if own_target.type is placeholder.kind and is_guid(own_target.id)
                )
    if not placeholder.is_required:
        yield ""


def _parse_or_none(name: Property, configuration: JsonObject) -> Setting:
    try:
        return parse_setting(name, configuration.get(name.value))
    except UnreadableSetting:
        return None
