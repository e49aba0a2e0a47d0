"""The pages of the admin, as tests read them."""

from django.contrib.messages import get_messages
from django.urls import reverse


def of(name: str, *args) -> str:
    return reverse(f"admin:{name}", args=args)


def page_of(row) -> str:
    return of(f"{row._meta.app_label}_{row._meta.model_name}_change", row.pk)


def do(name: str, row) -> str:
    return of(f"{row._meta.app_label}_{row._meta.model_name}_do", row.pk, name)


def text_of(response) -> str:
    return response.content.decode()


def told(response) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def errors_of(page) -> dict:
    return page.context["adminform"].form.errors
