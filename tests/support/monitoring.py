"""What docs/monitoring gives to Prometheus and Grafana, and the metrics that they name."""

import json
import re

import yaml

from config import BASE_DIR

FOLDER = BASE_DIR / "docs/monitoring"
METRIC_NAME = re.compile(r"\bpatchbay_\w+")


def load_alerts() -> dict:
    return yaml.safe_load((FOLDER / "alerts.yaml").read_text())


def load_dashboard() -> dict:
    return json.loads((FOLDER / "dashboard.json").read_text())


def load_expressions() -> list[str]:
    rules = [rule["expr"] for group in load_alerts()["groups"] for rule in group["rules"]]
    return rules + [each["expr"] for p in load_dashboard()["panels"] for each in p["targets"]]


def find_metric_names(text: str) -> set[str]:
    return set(METRIC_NAME.findall(text))
