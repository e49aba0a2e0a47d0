"""The pages of the admin, as tests read them."""

from django.contrib.messages import get_messages
from django.urls import reverse


def admin_url(name: str, *args) -> str:
    return reverse(f"admin:{name}", args=args)


def admin_change_url(row) -> str:
    return admin_url(f"{row._meta.app_label}_{row._meta.model_name}_change", row.pk)


def row_action_url(name: str, row) -> str:
    return admin_url(f"{row._meta.app_label}_{row._meta.model_name}_do", row.pk, name)


def response_text(response) -> str:
    return response.content.decode()


def response_messages(response) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def admin_form_errors(page) -> dict:
    return page.context["adminform"].form.errors
