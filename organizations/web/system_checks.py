"""System checks: an installation with a wrong setting, or without real secrets, does not start."""

from django.conf import settings
from django.core.checks import Critical, Tags, register


@register(Tags.security)
def check_setting_faults(app_configs, **kwargs) -> list[Critical]:
    """Returns one error for each fault found by config/environment/validation.py. The programs
    refuse to start for the same faults."""
    wrong = [Critical(each, id="patchbay.C001") for each in settings.SETTING_FAULTS]
    return wrong + [Critical(each, id="patchbay.C002") for each in settings.MISSING_SETTINGS]
