"""Every way by which text becomes a stored number."""

from collections.abc import Callable

from django.core.files.uploadedfile import SimpleUploadedFile

from numbers.bulk import jobs
from numbers.bulk.imports.options import cleaned
from numbers.models import PhoneNumber
from organizations.web.views.base import screen_url
from tests.support import factories
from tests.support.dialects import DIALECTS

Send = Callable[..., str]  # what the entrance said: the body of its answer


def v1(member, client, text) -> str:
    body = {"number": text}
    return DIALECTS["v1"].send(member, "POST", "/v1/phone-numbers", body).text


def v1_import(member, client, text) -> str:
    body = {"provider": "twilio", "numbers": [{"number": text}]}
    return DIALECTS["v1"].send(member, "POST", "/v1/phone-numbers/import", body).text


def v1_purchase(member, client, text) -> str:
    path = "/v1/phone-numbers/purchases"
    return DIALECTS["v1"].send(member, "POST", path, {"number": text}).text


def butter(member, client, text) -> str:
    sandbox = member.organization.integrations.get().public_id
    body = {"phone_number": text, "provider": "twilio", "integration_id": sandbox}
    body["supports_inbound"] = True
    return DIALECTS["butter"].send(member, "POST", "/api/phone-numbers", body).text


def zudu(member, client, text) -> str:
    body = {"phone_number": text}
    return DIALECTS["zudu"].send(member, "POST", "/api/phone-numbers/create", body).text


def zudu_import(member, client, text) -> str:
    body = {"phone_number": text, "provider": "twilio"}
    return DIALECTS["zudu"].send(member, "POST", "/api/phone-numbers/import", body).text


def zudu_trunk(member, client, text) -> str:
    body = {"name": "Trunk", "number": text, "outboundPstn": "sip.example.com"}
    body |= {"authUserName": "user", "authPassword": "pass"}
    return DIALECTS["zudu"].send(member, "POST", "/api/sio/createSipTrunkDispatch", body).text


STRICT = (v1, v1_import, v1_purchase, butter, zudu, zudu_import, zudu_trunk)


def started(member) -> str:
    """The newest import, taken in; its rows tell the rest."""
    factories.work_batches()
    batch = jobs.Batch.objects.order_by("-created_at").first()
    if batch is None:  # the form has refused it
        return ""
    if batch.state == "ready" and batch.left:
        jobs.start(member.by, batch.pk)
        factories.work_batches()
    return " ".join(batch.rows.values_list("message", flat=True))


def imports_rows(member, client, text) -> str:
    options = cleaned(member.by, {"destination": "record"})
    jobs.propose_import(member.by, title="x", options=options, rows=[{"number": text}])
    return started(member)


def imports_csv(member, client, text) -> str:
    options = cleaned(member.by, {"destination": "record"})
    file = f"number\n{text}\n".encode()
    jobs.propose_import(member.by, title="x", options=options, file=file)
    return started(member)


def screen(name: str, **fields) -> Send:
    def send(member, client, text) -> str:
        typed = {name: value(text) if callable(value) else value for name, value in fields.items()}
        client.post(screen_url(member.organization, name), {"place": "record", **typed})
        return started(member)

    send.__name__ = name
    return send


def add_one(member, client, text) -> str:
    url = screen_url(member.organization, "add_one") + "?to=record"
    return client.post(url, {"number": text}).text


PEOPLE = (
    imports_rows,
    imports_csv,
    add_one,
    screen("add_list", text=str),
    screen("add_range", first=str, count=1),
    screen("add_file", file=lambda text: SimpleUploadedFile("x.csv", f"number\n{text}".encode())),
)


def stored() -> list[str]:
    return list(PhoneNumber.objects.values_list("e164", flat=True))
