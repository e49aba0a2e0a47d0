"""Monitoring settings of the web, which the other programs do not have."""

from config.environment.reader import env

METRICS_TOKEN = env("PATCHBAY_METRICS_TOKEN")  # "" disables metrics
