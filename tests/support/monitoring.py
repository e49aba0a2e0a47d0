"""What docs/monitoring gives to Prometheus and Grafana, and the metrics that they name."""

import json
import re

import yaml

from config import BASE_DIR

FOLDER = BASE_DIR / "docs/monitoring"
NAME = re.compile(r"\bpatchbay_\w+")


def alerts() -> dict:
    return yaml.safe_load((FOLDER / "alerts.yaml").read_text())


def dashboard() -> dict:
    return json.loads((FOLDER / "dashboard.json").read_text())


def expressions() -> list[str]:
    rules = [rule["expr"] for group in alerts()["groups"] for rule in group["rules"]]
    return rules + [each["expr"] for p in dashboard()["panels"] for each in p["targets"]]


def names(text: str) -> set[str]:
    return set(NAME.findall(text))
