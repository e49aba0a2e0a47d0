from django.apps import AppConfig


class OrganizationsConfig(AppConfig):
    name = "organizations"

    def ready(self) -> None:
        from organizations import checks  # noqa: F401  registers the system checks
        from organizations.entering import ownership  # noqa: F401  hears of reset passwords
