"""System checks: an installation with a wrong setting, or without real secrets, does not start."""

from django.conf import settings
from django.core.checks import Critical, Tags, register


@register(Tags.security)
def check_setting_faults(app_configs, **kwargs) -> list[Critical]:
    """One for each fault that config/environment/validation.py has found; the programs refuse the
    same."""
    wrong = [Critical(each, id="patchbay.C001") for each in settings.SETTING_FAULTS]
    return wrong + [Critical(each, id="patchbay.C002") for each in settings.MISSING_SETTINGS]
