"""The example for Kubernetes: valid for Kubernetes, and with the names, ports, paths and times of the product."""

import re
from pathlib import Path
from typing import Any, Final

import kubernetes_validate
import pytest
import yaml
from pydantic import SecretStr

from bot.process.settings import Settings, load_settings
from bot.process.web.server import make_health_app
from tests.test_container import instructions
from workflows.core.audit.chain import written_key
from workflows.store.audit_keys import new_key
from workflows.store.postgres.location import PostgresLocation

PROJECT: Final = Path(__file__).parents[1]
FILE: Final = PROJECT / "deploy" / "kubernetes.yml"
PAGE: Final = (PROJECT / "docs" / "deploy.md").read_text()
DOCUMENTS: Final[list[dict[str, Any]]] = list(yaml.safe_load_all(FILE.read_text()))
OLDEST: Final = "1.29"
"""The oldest Kubernetes that the file is for, as it says itself."""


def one(kind: str) -> dict[str, Any]:
    """The only document of a kind."""
    [found] = [document for document in DOCUMENTS if document["kind"] == kind]
    return found


def pod() -> dict[str, Any]:
    """What each replica is made of."""
    found: dict[str, Any] = one("Deployment")["spec"]["template"]["spec"]
    return found


def container() -> dict[str, Any]:
    """The container of each replica."""
    [found] = pod()["containers"]
    return dict(found)


def files() -> dict[str, str]:
    """The settings that name files, and the paths."""
    return {entry["name"]: entry["value"] for entry in container()["env"] if entry["name"].endswith("_FILE")}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: str(document["kind"]))
@pytest.mark.parametrize("version", [OLDEST, "1.37"])
def test_kubernetes_knows_each_field(document: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(document, version, strict=True)
    assert f"Needs Kubernetes {OLDEST} or newer" in FILE.read_text()


def test_everything_is_in_its_own_namespace_with_the_strictest_rules_for_pods() -> None:
    namespace = one("Namespace")["metadata"]
    assert namespace["labels"] == {"pod-security.kubernetes.io/enforce": "restricted"}
    others = [document["metadata"]["namespace"] for document in DOCUMENTS if document["kind"] != "Namespace"]
    assert set(others) == {namespace["name"]}


def test_the_product_accepts_these_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bare_settings: None
) -> None:
    """Each name is one of its settings, and each secret is read from its file."""
    contents = {
        "DATABASE_URL_FILE": "postgresql://gatehouse:a%2Fb@db.example:5432/gatehouse?sslmode=verify-full",
        "AUDIT_KEY_FILE": written_key(new_key()),
    }
    given = {entry["name"]: "10.0.0.7" for entry in container()["env"] if "valueFrom" in entry}
    assert given.keys() == {"GATEHOUSE_HEALTH_HOST"}
    for name, path in files().items():
        file = tmp_path / Path(path).name
        file.write_text(contents.get(name, f"canary-{Path(path).name}") + "\n")
        given[name] = str(file)
    config = one("ConfigMap")["data"]
    for name, value in {**config, **given}.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert {name.lower() for name in {**config, **given}} <= Settings.model_fields.keys()
    assert isinstance(settings.records, PostgresLocation)
    assert settings.records.name == "gatehouse at db.example"
    settings.records.audit_keys.ring(may_create=False)
    assert settings.slack_bot_token == SecretStr("canary-slack-bot-token")
    assert settings.gatehouse_health_host == "10.0.0.7"


@pytest.fixture
def bare_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting in the environment, and a folder without a `.env`."""
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def test_secrets_are_files_that_are_mounted_and_that_the_page_makes() -> None:
    secret = {
        name for name, field in Settings.model_fields.items() if field.annotation in (SecretStr, SecretStr | None)
    }
    secret |= {"database_url", "azure_client_secret", "slack_bot_token"}
    plain = {name.lower() for name in one("ConfigMap")["data"]} | {
        entry["name"].lower() for entry in container()["env"]
    }
    assert not secret & plain
    [mount] = [mount for mount in container()["volumeMounts"] if mount["name"] == "secrets"]
    assert mount["readOnly"] is True
    assert {Path(path).parent for path in files().values()} == {Path(mount["mountPath"])}
    [volume] = [volume["secret"] for volume in pod()["volumes"] if volume["name"] == "secrets"]
    made = re.search(rf"kubectl .*create secret generic {volume['secretName']} (.*?)\n```", PAGE, re.DOTALL)
    assert made
    assert set(re.findall(r"--from-file=([\w-]+)=", made[1])) == {Path(path).name for path in files().values()}
    assert volume["defaultMode"] & 0o007 == 0, "nobody else reads them"


def test_ports_and_paths_are_those_of_the_product() -> None:
    ports = {port["name"]: port["containerPort"] for port in container()["ports"]}
    fields = Settings.model_fields
    assert ports == {"slack": fields["port"].default, "health": fields["gatehouse_health_port"].default}

    async def nothing() -> Any: ...

    paths = {resource.canonical for resource in make_health_app(metrics=nothing, readiness=nothing).router.resources()}
    probes = {name: container()[f"{name}Probe"]["httpGet"] for name in ("startup", "readiness", "liveness")}
    assert {probe["port"] for probe in probes.values()} == {"health"}
    assert {name: probe["path"] for name, probe in probes.items()} == {
        "startup": "/healthz",
        "readiness": "/readyz",
        "liveness": "/healthz",
    }
    scraped = one("Deployment")["spec"]["template"]["metadata"]["annotations"]
    assert scraped["prometheus.io/port"] == str(ports["health"])
    assert {scraped["prometheus.io/path"], "/healthz", "/readyz"} == paths
    [port] = one("Service")["spec"]["ports"]
    assert port["targetPort"] == "slack", "health and metrics have no service"
    [path] = one("Ingress")["spec"]["rules"][0]["http"]["paths"]
    assert (path["path"], path["pathType"]) == ("/slack/events", "Exact")


def test_a_stop_has_time_for_what_runs() -> None:
    command = container()["lifecycle"]["preStop"]["exec"]["command"]
    assert command[0] == "sleep"
    seconds = float(one("ConfigMap")["data"]["GATEHOUSE_STOP_SECONDS"])
    assert pod()["terminationGracePeriodSeconds"] > int(command[1]) + seconds + 10


def test_a_new_version_replaces_one_replica_after_the_other() -> None:
    spec = one("Deployment")["spec"]
    assert spec["replicas"] == 2
    assert spec["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    labels = spec["template"]["metadata"]["labels"]
    assert spec["selector"]["matchLabels"] == labels
    assert one("PodDisruptionBudget")["spec"] == {"maxUnavailable": 1, "selector": {"matchLabels": labels}}
    assert one("NetworkPolicy")["spec"]["podSelector"]["matchLabels"] == labels
    assert one("Service")["spec"]["selector"] == labels


def test_a_replica_has_no_rights_and_writes_only_into_memory() -> None:
    user, group = instructions("USER")[-1].split(":")
    context = pod()["securityContext"]
    assert (context["runAsNonRoot"], context["runAsUser"], context["runAsGroup"]) == (True, int(user), int(group))
    assert context["fsGroup"] == int(group), "it reads the files with secrets"
    own = container()["securityContext"]
    assert own["readOnlyRootFilesystem"] is True
    assert own["allowPrivilegeEscalation"] is False
    assert own["capabilities"] == {"drop": ["ALL"]}
    assert pod()["automountServiceAccountToken"] is False
    assert [volume["emptyDir"]["medium"] for volume in pod()["volumes"] if "emptyDir" in volume] == ["Memory"]
    assert container()["resources"]["limits"].keys() == {"memory"}


def test_only_what_is_named_reaches_a_replica_and_is_reached_by_it() -> None:
    spec = one("NetworkPolicy")["spec"]
    assert set(spec["policyTypes"]) == {"Ingress", "Egress"}
    assert [rule["ports"] for rule in spec["ingress"]] == [[{"port": "slack"}], [{"port": "health"}]]
    assert all("from" in rule for rule in spec["ingress"])
    assert [port["port"] for rule in spec["egress"] for port in rule["ports"]] == [53, 53, 443, 5432]
