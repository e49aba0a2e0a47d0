"""Every way by which text becomes a stored number."""

from collections.abc import Callable

from django.core.files.uploadedfile import SimpleUploadedFile

from numbers.bulk import jobs
from numbers.bulk.imports.options import clean_import_options
from numbers.models import PhoneNumber
from organizations.web.views.base import screen_url
from tests.support import factories
from tests.support.dialects import DIALECTS

Send = Callable[..., str]  # what the entrance said: the body of its answer


def send_v1_create(member, client, text) -> str:
    body = {"number": text}
    return DIALECTS["v1"].send(member, "POST", "/v1/phone-numbers", body).text


def send_v1_import(member, client, text) -> str:
    body = {"provider": "twilio", "numbers": [{"number": text}]}
    return DIALECTS["v1"].send(member, "POST", "/v1/phone-numbers/import", body).text


def send_v1_purchase(member, client, text) -> str:
    path = "/v1/phone-numbers/purchases"
    return DIALECTS["v1"].send(member, "POST", path, {"number": text}).text


def send_butter_create(member, client, text) -> str:
    sandbox = member.organization.integrations.get().public_id
    body = {"phone_number": text, "provider": "twilio", "integration_id": sandbox}
    body["supports_inbound"] = True
    return DIALECTS["butter"].send(member, "POST", "/api/phone-numbers", body).text


def send_zudu_create(member, client, text) -> str:
    body = {"phone_number": text}
    return DIALECTS["zudu"].send(member, "POST", "/api/phone-numbers/create", body).text


def send_zudu_import(member, client, text) -> str:
    body = {"phone_number": text, "provider": "twilio"}
    return DIALECTS["zudu"].send(member, "POST", "/api/phone-numbers/import", body).text


def send_zudu_trunk(member, client, text) -> str:
    body = {"name": "Trunk", "number": text, "outboundPstn": "sip.example.com"}
    body |= {"authUserName": "user", "authPassword": "pass"}
    return DIALECTS["zudu"].send(member, "POST", "/api/sio/createSipTrunkDispatch", body).text


API_ENTRANCES = (
    send_v1_create,
    send_v1_import,
    send_v1_purchase,
    send_butter_create,
    send_zudu_create,
    send_zudu_import,
    send_zudu_trunk,
)


def run_newest_import(member) -> str:
    """The newest import, taken in; its rows tell the rest."""
    factories.run_due_bulk_jobs()
    batch = jobs.Batch.objects.order_by("-created_at").first()
    if batch is None:  # the form has refused it
        return ""
    if batch.state == "ready" and batch.left:
        jobs.start_bulk_job(member.by, batch.pk)
        factories.run_due_bulk_jobs()
    return " ".join(batch.rows.values_list("message", flat=True))


def import_rows(member, client, text) -> str:
    options = clean_import_options(member.by, {"destination": "record"})
    jobs.create_import_job(member.by, title="x", options=options, rows=[{"number": text}])
    return run_newest_import(member)


def import_csv(member, client, text) -> str:
    options = clean_import_options(member.by, {"destination": "record"})
    file = f"number\n{text}\n".encode()
    jobs.create_import_job(member.by, title="x", options=options, file=file)
    return run_newest_import(member)


def build_form_sender(name: str, **fields) -> Send:
    def send(member, client, text) -> str:
        typed = {name: value(text) if callable(value) else value for name, value in fields.items()}
        client.post(screen_url(member.organization, name), {"place": "record", **typed})
        return run_newest_import(member)

    send.__name__ = name
    return send


def submit_add_form(member, client, text) -> str:
    url = screen_url(member.organization, "add_one") + "?to=record"
    return client.post(url, {"number": text}).text


STAFF_ENTRANCES = (
    import_rows,
    import_csv,
    submit_add_form,
    build_form_sender("add_list", text=str),
    build_form_sender("add_range", first=str, count=1),
    build_form_sender(
        "add_file", file=lambda text: SimpleUploadedFile("x.csv", f"number\n{text}".encode())
    ),
)


def list_stored_numbers() -> list[str]:
    return list(PhoneNumber.objects.values_list("e164", flat=True))
