"""The endpoints of the simulated Graph, each with the application permissions that allow it."""

from collections.abc import Sequence

from bot.sandbox.entra.endpoints import access_reviews, logs, tenant_information, tenant_settings, what_if
from bot.sandbox.entra.endpoints.cross_tenant_access import identity_sync, m365_capabilities, partners, policy
from bot.sandbox.entra.endpoints.directory import deleted_items, groups, invitations, roles, service_principals, users
from bot.sandbox.entra.endpoints.routing import Endpoint, endpoint
from bot.sandbox.entra.types.m365_capabilities import CAPABILITIES

_POLICY = "/policies/crossTenantAccessPolicy"
_PARTNER = f"{_POLICY}/partners/{{tenantId}}"
_SYNC = f"{_PARTNER}/identitySynchronization"
_CAPABILITIES = f"{_PARTNER}/{CAPABILITIES}"
_CAPABILITY = f"{_CAPABILITIES}/{{name}}"
_TEMPLATE = f"{_POLICY}/templates/{{template}}"
_FIND = "/tenantRelationships/findTenantInformationBy"
_USER = "/users/{userId}"
_GROUP = "/groups/{groupId}"
_APPLICATION = "/servicePrincipals"
_DELETED = "/directory/deletedItems"
_REVIEWS = "/identityGovernance/accessReviews/definitions"
_ROLES = "/roleManagement/directory"

_READ = "Policy.Read.All Policy.ReadWrite.CrossTenantAccess"
_WRITE = "Policy.ReadWrite.CrossTenantAccess"
# The reference pages name Policy.ReadWrite.CrossTenantAccess for the templates, the permission table the other two.
_TEMPLATE_READ = f"{_READ} MultiTenantOrganization.Read.All MultiTenantOrganization.ReadWrite.All"
_TEMPLATE_WRITE = f"{_WRITE} MultiTenantOrganization.ReadWrite.All"
_CAPABLE = "Policy.ReadWrite.CrossTenantCapability"
_FINDS = "CrossTenantInformation.ReadBasic.All"
_USERS = "User.ReadBasic.All User.Read.All User.ReadWrite.All Directory.Read.All Directory.ReadWrite.All"
_MANAGERS = "User.Read.All User.ReadWrite.All Directory.Read.All Directory.ReadWrite.All"
_USER_WRITE = "User.ReadWrite.All User.EnableDisableAccount.All Directory.ReadWrite.All"
_USER_DELETE = "User.DeleteRestore.All User.ReadWrite.All"
_GROUPS = "GroupMember.Read.All Group.Read.All Group.ReadWrite.All Directory.Read.All Directory.ReadWrite.All"
_MEMBERS_READ = "GroupMember.Read.All Group.Read.All Group.ReadWrite.All Directory.Read.All"
_GROUP_WRITE = "Group.ReadWrite.All Directory.ReadWrite.All"
_MEMBERS = "GroupMember.ReadWrite.All Group.ReadWrite.All Directory.ReadWrite.All"
_APPLICATIONS = "Application.Read.All Application.ReadWrite.OwnedBy Application.ReadWrite.All Directory.Read.All"
_ROLES_READ = (
    "RoleManagement.Read.Directory RoleManagement.Read.All Directory.Read.All RoleManagement.ReadWrite.Directory "
    "Directory.ReadWrite.All"
)
_ACTIVE_READ = (
    "RoleAssignmentSchedule.Read.Directory RoleManagement.Read.Directory RoleManagement.Read.All "
    "RoleAssignmentSchedule.ReadWrite.Directory RoleManagement.ReadWrite.Directory"
)
_ELIGIBLE_READ = (
    "RoleEligibilitySchedule.Read.Directory RoleManagement.Read.Directory RoleManagement.Read.All "
    "RoleEligibilitySchedule.ReadWrite.Directory RoleManagement.ReadWrite.Directory"
)
_LOGS = "AuditLog.Read.All"
_REVIEW = "AccessReview.Read.All AccessReview.ReadWrite.All"
_SHAREPOINT = "SharePointTenantSettings.Read.All SharePointTenantSettings.ReadWrite.All"

ENDPOINTS = (
    endpoint("GET", _POLICY, policy.get_policy, _READ),
    endpoint("PATCH", _POLICY, policy.update_policy, _WRITE),
    endpoint("GET", f"{_POLICY}/default", policy.get_default, _READ),
    endpoint("PATCH", f"{_POLICY}/default", policy.update_default, _WRITE),
    endpoint("POST", f"{_POLICY}/default/resetToSystemDefault", policy.reset_default, _WRITE),
    endpoint("GET", f"{_POLICY}/partners", partners.list_partners, _READ),
    endpoint("POST", f"{_POLICY}/partners", partners.create_partner, _WRITE),
    endpoint("GET", f"{_POLICY}/partners/$count", partners.count_partners, _READ),
    endpoint("GET", _PARTNER, partners.get_partner, _READ),
    endpoint("PATCH", _PARTNER, partners.update_partner, _WRITE),
    endpoint("DELETE", _PARTNER, partners.delete_partner, _WRITE),
    endpoint("GET", _SYNC, identity_sync.get_sync, _READ),
    endpoint("PUT", _SYNC, identity_sync.create_sync, _WRITE),
    endpoint("PATCH", _SYNC, identity_sync.update_sync, _WRITE),
    endpoint("DELETE", _SYNC, identity_sync.delete_sync, _WRITE),
    endpoint("GET", f"{_PARTNER}/serviceProviderConstraints", identity_sync.get_constraints, _READ),
    endpoint("PATCH", f"{_PARTNER}/serviceProviderConstraints", identity_sync.update_constraints, _WRITE),
    endpoint("GET", f"{_POLICY}/default/{CAPABILITIES}", m365_capabilities.list_default_capabilities, _CAPABLE),
    endpoint("GET", _CAPABILITIES, m365_capabilities.list_capabilities, _CAPABLE),
    endpoint("POST", _CAPABILITIES, m365_capabilities.create_capability, _CAPABLE),
    endpoint("GET", _CAPABILITY, m365_capabilities.get_capability, _CAPABLE),
    endpoint("PATCH", _CAPABILITY, m365_capabilities.update_capability, _CAPABLE),
    endpoint("DELETE", _CAPABILITY, m365_capabilities.delete_capability, _CAPABLE),
    endpoint("GET", f"{_POLICY}/templates", policy.get_templates, _TEMPLATE_READ),
    endpoint("GET", _TEMPLATE, policy.get_template, _TEMPLATE_READ),
    endpoint("PATCH", _TEMPLATE, policy.update_template, _TEMPLATE_WRITE),
    endpoint("POST", f"{_TEMPLATE}/resetToDefaultSettings", policy.reset_template, _TEMPLATE_WRITE),
    endpoint("GET", f"{_FIND}DomainName()/{{arguments}}", tenant_information.find_by_domain, _FINDS),
    endpoint("GET", f"{_FIND}TenantId()/{{arguments}}", tenant_information.find_by_id, _FINDS),
    endpoint("POST", "/invitations", invitations.invite, "User.Invite.All User.ReadWrite.All Directory.ReadWrite.All"),
    endpoint("GET", "/users", users.list_users, _USERS),
    endpoint("GET", _USER, users.get_user, _USERS),
    endpoint("GET", f"{_USER}/manager", users.get_manager, _MANAGERS),
    endpoint("PATCH", _USER, users.update_user, _USER_WRITE),
    endpoint("DELETE", _USER, users.delete_user, _USER_DELETE),
    endpoint(
        "POST",
        f"{_USER}/revokeSignInSessions",
        users.revoke_sessions,
        "User.RevokeSessions.All User.ReadWrite.All Directory.ReadWrite.All",
    ),
    endpoint("GET", "/auditLogs/signIns", logs.list_sign_ins, _LOGS),
    endpoint("GET", "/auditLogs/signIns/{id}", logs.get_sign_in, _LOGS),
    endpoint("GET", "/auditLogs/directoryAudits", logs.list_audits, _LOGS),
    endpoint("GET", "/auditLogs/directoryAudits/{id}", logs.get_audit, _LOGS),
    endpoint("GET", "/policies/authorizationPolicy", tenant_settings.get_authorization, "Policy.Read.All"),
    endpoint(
        "PATCH",
        "/policies/authorizationPolicy",
        tenant_settings.update_authorization,
        "Policy.ReadWrite.Authorization",
    ),
    endpoint("GET", "/identity/conditionalAccess/policies", tenant_settings.list_conditional_access, "Policy.Read.All"),
    endpoint(
        "GET", "/identity/conditionalAccess/policies/{id}", tenant_settings.get_conditional_access, "Policy.Read.All"
    ),
    endpoint(
        "POST",
        "/identity/conditionalAccess/evaluate",
        what_if.evaluate,
        "Policy.Read.ConditionalAccess Policy.Read.All Policy.ReadWrite.ConditionalAccess",
    ),
    endpoint(
        "GET",
        "/organization",
        tenant_settings.list_organization,
        "Organization.Read.All Organization.ReadWrite.All User.Read.All Directory.Read.All Directory.ReadWrite.All",
    ),
    endpoint("GET", "/admin/sharepoint/settings", tenant_settings.get_sharepoint, _SHAREPOINT),
    endpoint(
        "PATCH",
        "/admin/sharepoint/settings",
        tenant_settings.update_sharepoint,
        "SharePointTenantSettings.ReadWrite.All",
    ),
    endpoint("GET", "/groups", groups.list_groups, _GROUPS),
    endpoint("POST", "/groups", groups.create_group, _GROUP_WRITE),
    endpoint("GET", _GROUP, groups.get_group, _GROUPS),
    endpoint("PATCH", _GROUP, groups.update_group, _GROUP_WRITE),
    endpoint("DELETE", _GROUP, groups.delete_group, "Group.ReadWrite.All"),
    endpoint("GET", f"{_GROUP}/members", groups.list_members, _MEMBERS_READ),
    endpoint("GET", f"{_GROUP}/transitiveMembers", groups.list_transitive_members, _MEMBERS_READ),
    endpoint("GET", f"{_GROUP}/owners", groups.list_owners, _MEMBERS_READ),
    endpoint("POST", f"{_GROUP}/members/$ref", groups.add_member, _MEMBERS),
    endpoint("DELETE", f"{_GROUP}/members/{{objectId}}/$ref", groups.remove_member, _MEMBERS),
    endpoint("GET", f"{_ROLES}/roleDefinitions", roles.list_definitions, _ROLES_READ),
    endpoint("GET", f"{_ROLES}/roleAssignments", roles.list_assignments, _ROLES_READ),
    endpoint("GET", f"{_ROLES}/roleAssignmentScheduleInstances", roles.list_assignment_instances, _ACTIVE_READ),
    endpoint("GET", f"{_ROLES}/roleEligibilitySchedules", roles.list_eligibility_schedules, _ELIGIBLE_READ),
    endpoint("GET", _APPLICATION, service_principals.list_service_principals, _APPLICATIONS),
    endpoint("GET", f"{_APPLICATION}()/{{arguments}}", service_principals.get_by_app_id, _APPLICATIONS),
    endpoint("GET", f"{_APPLICATION}/{{servicePrincipalId}}", service_principals.get_service_principal, _APPLICATIONS),
    endpoint("GET", f"{_DELETED}/microsoft.graph.user", deleted_items.list_deleted_users, _USER_DELETE),
    endpoint("GET", f"{_DELETED}/graph.user", deleted_items.list_deleted_users, _USER_DELETE),
    endpoint("GET", f"{_DELETED}/microsoft.graph.group", deleted_items.list_deleted_groups, _GROUPS),
    endpoint("GET", f"{_DELETED}/graph.group", deleted_items.list_deleted_groups, _GROUPS),
    endpoint("GET", f"{_DELETED}/{{objectId}}", deleted_items.get_deleted, _USER_DELETE),
    endpoint("DELETE", f"{_DELETED}/{{objectId}}", deleted_items.purge_deleted, _USER_DELETE),
    endpoint("POST", f"{_DELETED}/{{objectId}}/restore", deleted_items.restore_deleted, _USER_DELETE),
    endpoint("GET", _REVIEWS, access_reviews.list_definitions, _REVIEW),
    endpoint("POST", _REVIEWS, access_reviews.create_definition, "AccessReview.ReadWrite.All"),
    endpoint("GET", f"{_REVIEWS}/{{id}}", access_reviews.get_definition, _REVIEW),
    endpoint("DELETE", f"{_REVIEWS}/{{id}}", access_reviews.delete_definition, "AccessReview.ReadWrite.All"),
    endpoint("GET", f"{_REVIEWS}/{{id}}/instances", access_reviews.list_instances, _REVIEW),
    endpoint("GET", f"{_REVIEWS}/{{id}}/instances/{{instanceId}}/decisions", access_reviews.list_decisions, _REVIEW),
)
_WITHOUT_CAPABILITIES = tuple(one for one in ENDPOINTS if f"/{CAPABILITIES}" not in one.template)


def endpoints_of(*, has_capabilities: bool) -> Sequence[Endpoint]:
    """Return the endpoints of a tenant.

    :param has_capabilities: whether Microsoft has already given the tenant those for Microsoft 365 capabilities.
    """
    return ENDPOINTS if has_capabilities else _WITHOUT_CAPABILITIES
