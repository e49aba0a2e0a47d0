"""The manifests in deploy/kubernetes, checked against the schemas of Kubernetes' own API."""

from collections.abc import Iterator

import pytest
import yaml
from django.urls import resolve

from config import BASE_DIR, VERSION
from config.environment.variables import VARIABLES
from tests.support.jambonz_peer import import_peer_module

kubernetes_validate = import_peer_module("kubernetes_validate")

FOLDER = BASE_DIR / "deploy/kubernetes"
KUSTOMIZATION = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
FILES = sorted(path for path in FOLDER.glob("*.yaml") if path.name != "kustomization.yaml")
MANIFESTS = [each for path in FILES for each in yaml.safe_load_all(path.read_text())]
COMPOSE = yaml.safe_load((BASE_DIR / "compose.yaml").read_text())


def named(manifest: dict) -> str:
    return f"{manifest['kind']} {manifest['metadata']['name']}"


def pods() -> Iterator[tuple[str, dict]]:
    """Whatever makes pods, with their specification."""
    for manifest in MANIFESTS:
        spec = manifest.get("spec", {})
        spec = spec.get("jobTemplate", {}).get("spec", spec)
        if "template" in spec:
            yield named(manifest), spec["template"]["spec"]


def containers(spec: dict) -> list[dict]:
    return [*spec.get("initContainers", ()), *spec["containers"]]


PODS = dict(pods())


@pytest.mark.parametrize("version", ["1.30.0", "1.36.0"])
@pytest.mark.parametrize("manifest", MANIFESTS, ids=named)
def test_every_manifest_is_as_its_schema_asks(manifest, version):
    kubernetes_validate.validate(manifest, version, strict=True)


def test_everything_but_the_secrets_is_applied():
    assert {*KUSTOMIZATION["resources"], "secrets.example.yaml"} == {path.name for path in FILES}


@pytest.mark.parametrize("name", PODS)
def test_every_pod_is_allowed_where_pods_are_restricted(name):
    """As the Pod Security Standard `restricted` says, and with less still."""
    spec = PODS[name]
    assert spec["securityContext"]["runAsNonRoot"]
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not spec["automountServiceAccountToken"]
    for container in containers(spec):
        context = container["securityContext"]
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert context["readOnlyRootFilesystem"]
        assert not context["allowPrivilegeEscalation"]
        assert container["resources"]["limits"]["memory"]


@pytest.mark.parametrize("name", PODS)
def test_every_name_that_a_pod_uses_is_there(name):
    there = {(each["kind"], each["metadata"]["name"]) for each in MANIFESTS}
    images = {each["name"]: each["newTag"] for each in KUSTOMIZATION["images"]}
    for container in containers(PODS[name]):
        assert images[container["image"]] == VERSION
        for source in container["envFrom"]:
            ((kind, reference),) = source.items()
            kind = {"configMapRef": "ConfigMap", "secretRef": "Secret"}[kind]
            assert (kind, reference["name"]) in there


def test_settings_are_those_of_patchbay():
    given = [each.get("data") or each.get("stringData") for each in MANIFESTS]
    assert {name for each in given if each for name in each} <= set(VARIABLES)


def test_as_many_workers_run_as_the_dispatcher_counts_on():
    (config,) = (each for each in MANIFESTS if each["kind"] == "ConfigMap")
    workers = next(each for each in MANIFESTS if named(each) == "Deployment patchbay-worker")
    assert config["data"]["PATCHBAY_WORKERS"] == str(workers["spec"]["replicas"])
    (container,) = workers["spec"]["template"]["spec"]["containers"]
    assert container["command"] == COMPOSE["services"]["worker"]["command"]


def test_the_probes_ask_what_the_web_answers():
    (container,) = PODS["Deployment patchbay-web"]["containers"]
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert resolve(container[probe]["httpGet"]["path"])
    assert (
        container["readinessProbe"]["httpGet"]["httpHeaders"][0]["value"]
        in (
            next(each for each in MANIFESTS if each["kind"] == "ConfigMap")["data"]["ALLOWED_HOSTS"]
        )
    )
