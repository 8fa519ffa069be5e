"""Compare the templates and roles of a batch with the current ones, and choose the template that decides on a row."""

from workflows.catalog.catalog import Catalog, ChangedRules, changed_role
from workflows.catalog.rewording import has_same_meaning
from workflows.core.batches.batch import Batch, BatchRow
from workflows.core.errors.facts import Fact
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.approval_policy import strongest_template
from workflows.core.policy.template import Template
from workflows.core.requests.notes import NoteCode


def deciding_template(row: BatchRow, catalog: Catalog) -> Template:
    """Return the template whose approval chain and durations apply to a row: the equal one, or the strongest."""
    return catalog.templates.get(row.template) or strongest_template(catalog.templates.values())


def changed_batch_rules(batch: Batch, catalog: Catalog) -> ChangedRules | None:
    """Compare the templates and roles of a batch with the current ones; None when they are the same."""
    for name, content_hash in batch.templates.items():
        template = catalog.templates.get(name)
        if template is None or not has_same_meaning(content_hash, template.content_hash):
            return ChangedRules(code=RefusalCode.TEMPLATE_CHANGED, values={}, fact=Fact(NoteCode.TEMPLATE_CHANGED))
    if role := changed_role(batch.roles, catalog):
        values = {"role": role}
        return ChangedRules(code=RefusalCode.ROLE_CHANGED, values=values, fact=Fact(NoteCode.ROLE_CHANGED, values))
    return None
