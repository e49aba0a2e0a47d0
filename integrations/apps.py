from django.apps import AppConfig


class IntegrationsConfig(AppConfig):
    name = "integrations"

    def ready(self) -> None:
        from integrations import subjects
        from integrations.provisioning import IntegrationSubject

        subjects.register("integration", IntegrationSubject())
