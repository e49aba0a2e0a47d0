"""Settings of what watches the web; the other programs are not told them."""

from config.environment.reader import env

METRICS_TOKEN = env("PATCHBAY_METRICS_TOKEN")  # "": no metrics
