"""Manifests for Kubernetes: they follow its schemas, and fit each other and what they run."""

import shutil
import subprocess
from typing import Any

import pytest
import yaml

from cli import console
from geo.tracing import VARIABLE
from tests.deployed import (
    CAMPAIGN,
    DEPLOY,
    KUBERNETES,
    OPERATIONS,
    containers,
    refuse_unknown,
    written,
)


@pytest.mark.parametrize("name", KUBERNETES)
def test_kubernetes_takes_each_manifest(name):
    schemas = pytest.importorskip(
        "kubernetes_validate", reason="kubernetes-validate is not installed (extra dev)"
    )
    documents = list(written(DEPLOY / "kubernetes" / name))
    for document in documents:
        schemas.validate(document, "1.30", strict=True)
    kinds = {(document["kind"], document["metadata"]["name"]) for document in documents}
    assert len(kinds) == len(documents) > 10
    broken = next(d for d in documents if d["kind"] == "Deployment")
    broken["spec"]["replica"] = 1
    with pytest.raises(schemas.ValidationError):
        schemas.validate(broken, "1.30", strict=True)


@pytest.mark.parametrize("name", KUBERNETES)
def test_pods_run_programs_with_options_that_they_have_and_mount_what_is_there(name):
    documents = list(written(DEPLOY / "kubernetes" / name))
    claims = {d["metadata"]["name"] for d in documents if d["kind"] == "PersistentVolumeClaim"}
    services = {d["metadata"]["name"] for d in documents if d["kind"] == "Service"}
    programs = 0
    for pod, container in containers(documents):
        volumes = {volume["name"] for volume in pod.get("volumes", ())}
        named = {v["persistentVolumeClaim"]["claimName"] for v in pod.get("volumes", ())}
        assert named <= claims
        if container["image"].startswith("aerogrid"):
            refuse_unknown(container["args"])
            assert {mount["name"] for mount in container.get("volumeMounts", ())} <= volumes
            assert container["resources"]["limits"]["memory"]
            programs += 1
        asked = [word for word in container.get("args", ()) if word.startswith("tcp://")]
        assert {word.split("/")[2].split(":")[0] for word in asked} <= services
    assert programs >= 3


@pytest.mark.parametrize("name", KUBERNETES)
def test_services_and_policies_choose_pods_that_are_there(name):
    documents = list(written(DEPLOY / "kubernetes" / name))
    pods = [
        document["spec"]["template"]["metadata"]["labels"]
        for document in documents
        if "template" in document.get("spec", {})
    ]
    for document in documents:
        spec = document.get("spec", {})
        if document["kind"] == "Service":
            chosen = [labels for labels in pods if spec["selector"].items() <= labels.items()]
            assert len(chosen) == 1, document["metadata"]["name"]
        if document["kind"] == "NetworkPolicy":
            wanted = spec["podSelector"]["matchLabels"].items()
            assert any(wanted <= labels.items() for labels in pods)
        if "template" in spec:
            own = spec["selector"]["matchLabels"].items()
            assert sum(own <= labels.items() for labels in pods) == 1


def test_a_campaign_begins_again_but_for_what_no_new_try_mends():
    schemas = pytest.importorskip(
        "kubernetes_validate", reason="kubernetes-validate is not installed (extra dev)"
    )
    (job,) = written(CAMPAIGN)
    schemas.validate(job, "1.30", strict=True)
    ((_, container),) = containers([job])
    refuse_unknown(container["args"])
    (rule,) = job["spec"]["podFailurePolicy"]["rules"]
    assert rule["onExitCodes"]["values"] == [2, console.IN_PART]
    assert rule["onExitCodes"]["containerName"] == container["name"]
    assert "envFrom" not in container  # it files nothing, so it knows no password
    assert {variable["name"] for variable in container["env"]} == {VARIABLE}
    unit = (DEPLOY / "aerogrid-campaign@.service").read_text()
    assert f"RestartPreventExitStatus=2 {console.IN_PART}\n" in unit
    base = list(written(DEPLOY / "kubernetes" / "base"))
    claims = {d["metadata"]["name"] for d in base if d["kind"] == "PersistentVolumeClaim"}
    pod = job["spec"]["template"]
    assert pod["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"] in claims
    (policy,) = (d for d in base if (d["kind"], d["metadata"]["name"]) == _SCHEDULERS_POLICY)
    let_in = [entry["podSelector"]["matchLabels"] for entry in policy["spec"]["ingress"][0]["from"]]
    assert pod["metadata"]["labels"] in let_in


_SCHEDULERS_POLICY = ("NetworkPolicy", "scheduler")


def kustomized(name: str) -> list[dict[str, Any]]:
    """What kubectl makes of a folder before it sends it anywhere."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is not installed")
    built = subprocess.run(
        [kubectl, "kustomize", DEPLOY / "kubernetes" / name], capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if 'unknown field "labels"' in built.stderr:
        pytest.skip("kubectl is older than 1.22, whose kustomize does not know `labels`")
    assert built.returncode == 0, built.stderr
    return list(yaml.safe_load_all(built.stdout))


@pytest.mark.parametrize("name", KUBERNETES)
def test_kustomize_builds_the_manifests(name):
    documents = kustomized(name)
    assert len(documents) == len(list(written(DEPLOY / "kubernetes" / name))) + 1  # the secret
    secret = next(d["metadata"]["name"] for d in documents if d["kind"] == "Secret")
    for program in ("page", "alerts"):
        chosen = ("Deployment", program)
        (it,) = (d for d in documents if (d["kind"], d["metadata"]["name"]) == chosen)
        (container,) = it["spec"]["template"]["spec"]["containers"]
        assert container["envFrom"][0] == {"secretRef": {"name": secret}}


def test_kustomize_builds_a_campaign_with_the_name_that_the_steps_delete():
    (job,) = written(CAMPAIGN)
    assert set(job["metadata"]) == {"name"}  # kustomize takes no `generateName`
    (built,) = kustomized("campaign")
    name, namespace = built["metadata"]["name"], built["metadata"]["namespace"]
    command = f"kubectl delete job {name} --namespace {namespace} --ignore-not-found"
    assert command in OPERATIONS
    assert command in (CAMPAIGN / "kustomization.yaml").read_text()
    assert built["spec"]["ttlSecondsAfterFinished"] == 7 * 24 * 3600


PROMETHEUS = {
    "namespaceSelector": {},
    "podSelector": {"matchLabels": {"app.kubernetes.io/name": "prometheus"}},
}


def test_network_policies_let_prometheus_in_to_metrics_alone():
    documents = list(written(DEPLOY / "kubernetes" / "gpu"))
    ports = {}
    for document in documents:
        for _, container in containers([document]):
            for port in container.get("ports", ()):
                if port.get("name") == "metrics":
                    app = document["spec"]["template"]["metadata"]["labels"]["app"]
                    ports.setdefault(app, set()).add(port["containerPort"])
    assert ports == {"scheduler": {8787}, "worker": {8788}}
    for app, wanted in ports.items():
        (policy,) = (
            d for d in documents if (d["kind"], d["metadata"]["name"]) == ("NetworkPolicy", app)
        )
        assert all(entry["from"] for entry in policy["spec"]["ingress"])  # none is let in by all
        for_it = [entry for entry in policy["spec"]["ingress"] if PROMETHEUS in entry["from"]]
        assert [entry["from"] for entry in for_it] == [[PROMETHEUS]]
        assert {port["port"] for entry in for_it for port in entry["ports"]} == wanted
