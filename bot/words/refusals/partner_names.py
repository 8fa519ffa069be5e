"""Sentences for a partner's name that cannot be used, or that belongs to no partner."""

from typing import Final

from bot.words.names.actions import COMMANDS, Action
from bot.words.sentences import Sentences, comma_list, or_list
from workflows.core.errors.facts import Values
from workflows.core.errors.refusal_codes import RefusalCode as R

_LIST, _REQUEST = COMMANDS[Action.LIST], COMMANDS[Action.REQUEST]


def _unknown_tenant(values: Values) -> str:
    if not values["is_id"]:
        sentence = f"No Microsoft Entra tenant has the domain “{values['target']}”. See {_LIST}."
        return f"{sentence} {_similar(values)}".rstrip()
    nobody = f"No tenant of this Microsoft cloud has the tenant ID “{values['target']}”"
    match values["has_other_clouds"]:
        case None:
            return (
                f"{nobody}. Whether other clouds are enabled here could not be read. It has no settings here. "
                "Check the ID with the partner."
            )
        case False:
            return f"{nobody}, and no other cloud is enabled here. Check it with the partner, or see {_LIST}."
        case _:
            return (
                f"{nobody}. Other clouds are enabled here, so it may be a tenant of another cloud. Such a tenant is "
                f"blocked until it is added here, so there is nothing to show or revoke. To add it, use {_REQUEST}."
            )


def _similar(values: Values) -> str:
    """Suggest the names that may have been meant; empty when there are none."""
    if values.get("meant"):
        return f"Did you mean {or_list(values['meant'])}?"
    if values.get("own"):
        return f"“{values['own']}” is our own tenant, not a partner. Type the partner's domain."
    return ""


def _not_found(values: Values) -> str:
    advice = _similar(values) or "Check the spelling with the partner, or ask them for their tenant ID."
    sentence = f"No Microsoft Entra tenant has the domain “{values['domain']}”. {advice}"
    if not values["has_other_clouds"]:
        return sentence
    return f"{sentence} A partner in another Microsoft cloud is found by its tenant ID only."


def _lookup_refused(values: Values) -> str:
    if values["is_id"]:
        kind, instead = "the tenant ID ", "Ask the partner for one of their domains and use that."
    else:
        kind, instead = "", "Ask the partner for their tenant ID and use that."
    sentence = (
        f"Microsoft Entra refuses to look up {kind}“{values['name']}” ({values['answer']}). Other look-ups work, so no "
        f"permission is missing. {instead} If that is refused too, an admin can ask Microsoft support. The bot's log "
        "has the request ID."
    )
    # Earlier versions stored this value as `led_to`.
    earlier_tenant_ids = values.get("earlier_tenant_ids", values.get("led_to"))
    if not earlier_tenant_ids:
        return sentence
    return f"{sentence} In our records it belonged to the tenant ID {or_list(earlier_tenant_ids)} before."


def _mixed_scripts(values: Values) -> str:
    return (
        f"“{values['domain']}” mixes {' and '.join(values['scripts'])} letters in one name, as look-alike domains do. "
        "Type the partner's domain by hand, or their tenant ID."
    )


PARTNER_NAMES: Final[Sentences] = {
    R.OWN_TENANT: "“{target}” is our own tenant, not a partner. Type the partner's domain.",
    R.UNKNOWN_TENANT: _unknown_tenant,
    R.AMBIGUOUS_NAME: lambda values: (
        f"“{values['target']}” belonged to another tenant before. Type the tenant ID that you mean: "
        f"{comma_list(values['tenant_ids'])}."
    ),
    R.TARGET_EMPTY: "Type the partner's domain, such as contoso.com, or their tenant ID.",
    R.TARGET_INVISIBLE: "This contains invisible characters. Type the domain by hand instead of pasting it.",
    R.TARGET_NOT_ONE_NAME: "Enter one domain, for example contoso.com, or one tenant ID.",
    R.TARGET_INVALID: "This is not a valid domain name. Check the spelling. Example: contoso.com.",
    R.TARGET_SEVERAL_NAMES: lambda values: f"Enter one domain, not several: {comma_list(values['names'])}.",
    R.TARGET_MIXED_SCRIPTS: _mixed_scripts,
    R.TARGET_NOT_A_COMPANY_DOMAIN: "“{domain}” is not a company's domain. Enter one domain, for example contoso.com.",
    R.TARGET_MAIL_PROVIDER: "“{domain}” is a personal email provider, not an organization. Ask the partner for their "
    "company domain or tenant ID.",
    R.TARGET_NOT_AN_ORGANIZATION: "This tenant ID does not belong to an organization. Type the partner's tenant ID.",
    R.TARGET_PRIVATE_ACCOUNTS: "“{target}” belongs to private Microsoft accounts, not to an organization. "
    "Ask for a company domain.",
    R.TARGET_IS_OUR_TENANT: "“{target}” is our own tenant. Type the partner's domain.",
    R.TARGET_NOT_FOUND: _not_found,
    R.TARGET_UNKNOWN_ID: "No Microsoft Entra tenant has the tenant ID “{tenant_id}” in this Microsoft cloud, and no "
    "other cloud is enabled. Check it with the partner. A partner in another Microsoft cloud can be used once both "
    "tenants have enabled each other's cloud.",
    R.LOOKUP_REFUSED: _lookup_refused,
    R.ALL_LOOKUPS_REFUSED: "Microsoft Graph refused to look this up: {answer} Tell an admin.",
}
