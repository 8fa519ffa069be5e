"""Prove the bot's identity to Entra: azure-identity's unattended credentials, one token at a time."""

import asyncio
import ssl
from collections.abc import Sequence
from typing import Any, Final

from azure.core.credentials import AccessToken
from azure.core.exceptions import AzureError, ClientAuthenticationError
from azure.identity import CredentialUnavailableError
from azure.identity.aio import CertificateCredential, ClientSecretCredential, DefaultAzureCredential

from workflows.core.errors.tenant_problems import TenantCode
from workflows.entra.answers.failed_calls import no_credential, token_failure
from workflows.entra.settings import ApplicationCredential, EntraSettings
from workflows.entra.transport.claims import claims_in

_CONNECT_SECONDS: Final = 3.0
_READ_SECONDS: Final = 10.0


class UnattendedCredential:
    """The first configured credential of environment, workload and managed identity, one token at a time.

    DefaultAzureCredential makes the list of credentials. Its own `get_token` is not used: it gives the same text for a
    wrong secret and for an unreachable authority. A lock prevents that many callers with an expired token each request
    a new one.
    """

    def __init__(self, settings: EntraSettings) -> None:
        self._settings = settings
        is_bots_own = settings.application is None
        self._refusal = TenantCode.CREDENTIALS_REFUSED if is_bots_own else TenantCode.GUEST_CREDENTIALS_REFUSED
        self._chain = _chain(settings)
        self._credentials: Sequence[Any] = self._chain.credentials
        self._last_token = ""
        self._lock = asyncio.Lock()

    async def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = False,
        **options: Any,
    ) -> AccessToken:
        """Return a token, cached until shortly before it expires.

        :raises TenantRefused: when the authority refuses the credential.
        :raises TenantUnavailable: when the authority does not answer, or no credential could be tried. A managed
            identity whose endpoint does not answer cannot be distinguished from one that does not exist.
        """
        missing: list[str] = []
        async with self._lock:
            for credential in self._credentials:
                try:
                    token: AccessToken = await credential.get_token(
                        *scopes, claims=claims, tenant_id=tenant_id, enable_cae=enable_cae, **options
                    )
                except CredentialUnavailableError as error:
                    missing.append(self._settings.redact(error.message))
                except ClientAuthenticationError as error:
                    status = None if error.response is None else error.response.status_code
                    raise token_failure(self._settings.redact(error.message), status, self._refusal) from error
                except AzureError as error:
                    raise token_failure(self._settings.redact(error.message), None) from error
                else:
                    self._credentials = (credential,)
                    self._last_token = token.token
                    return token
        raise no_credential(missing)

    async def forget(self, token: str) -> None:
        """Remove a token from the cache, so that the next call gets a new token.

        A token that is not the newest is ignored.

        azure-identity does not give access to its cache, so the list of credentials is made again.
        """
        async with self._lock:
            if token != self._last_token:
                return
            try:
                chain = _chain(self._settings)
            except ValueError:
                return  # the certificate file is missing for a moment; the next refusal is reported
            old, self._chain = self._chain, chain
            self._credentials, self._last_token = chain.credentials, ""
            await old.close()

    def own_ids(self) -> frozenset[str]:
        """Return the ids of the application and its service principal from the last token.

        Empty when they cannot be read: Microsoft does not guarantee the content of tokens for Graph.
        """
        return claims_in(self._last_token).own_ids

    async def close(self) -> None:
        """Close the connections to the authority."""
        await self._chain.close()

    async def __aenter__(self) -> "UnattendedCredential":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def _chain(settings: EntraSettings) -> Any:
    """Return azure-identity's list of credentials, or the one credential of the application for guest accounts."""
    # SSL_CERT_FILE is read now, because aiohttp has read its own default during the import.
    ca_file = ssl.get_default_verify_paths().cafile
    options: dict[str, Any] = {
        "authority": settings.authority_host,
        "disable_instance_discovery": True,
        "use_env_settings": settings.use_environment_proxy,
        "connection_verify": ca_file or True,
        "connection_timeout": _CONNECT_SECONDS,
        "read_timeout": _READ_SECONDS,
        "retry_total": 1,
        "retry_backoff_factor": 0.2,
    }
    if settings.application is not None:
        return _OneCredential(settings.application, str(settings.tenant_id), options)
    try:
        return DefaultAzureCredential(
            exclude_shared_token_cache_credential=True,
            exclude_visual_studio_code_credential=True,
            exclude_cli_credential=True,
            exclude_powershell_credential=True,
            exclude_developer_cli_credential=True,
            **options,
        )
    except OSError as error:
        raise ValueError(f"AZURE_CLIENT_CERTIFICATE_PATH: {error.strerror}") from error


class _OneCredential:
    """The credential of the application for guest accounts, as a list of one. It is for our tenant only."""

    def __init__(self, application: ApplicationCredential, tenant_id: str, options: dict[str, Any]) -> None:
        """Create the credential.

        :raises ValueError: when the certificate cannot be read.
        """
        credential: ClientSecretCredential | CertificateCredential
        if application.client_secret:
            credential = ClientSecretCredential(tenant_id, application.client_id, application.client_secret, **options)
        else:
            try:
                credential = CertificateCredential(
                    tenant_id,
                    application.client_id,
                    application.certificate_path,
                    password=application.certificate_password or None,
                    **options,
                )
            except (OSError, ValueError) as error:
                unusable = "it has no certificate with an RSA key that can be read with this password"
                reason = error.strerror if isinstance(error, OSError) else unusable
                raise ValueError(f"GUESTS_AZURE_CLIENT_CERTIFICATE_PATH: {reason}") from error
        self.credentials = (credential,)

    async def close(self) -> None:
        """Close the connections to the authority."""
        await self.credentials[0].close()
