"""Every entrance of a number: whatever is accepted there is stored in canonical E.164, once."""

import ast
from collections.abc import Callable
from pathlib import Path

import phonenumbers
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from config import BASE_DIR
from numbers.bulk import jobs
from numbers.bulk.imports.options import cleaned
from numbers.models import PhoneNumber
from numbers.numbering.e164 import NotANumber, checked, formatted
from organizations.web.views.base import screen_url
from tests import factories
from tests.dialects import DIALECTS

pytestmark = pytest.mark.django_db

# Two spellings of one line each; the first one is canonical.
SAME = {
    "+442071838750": "+4402071838750",
    "+4930901820": "+49030901820",
    "+6141234567": "+61041234567",
    "+17755555555": "+117755555555",
    "+5491123456789": "+54111523456789",
    "+48221234567": "+480221234567",
}
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


def is_canonical(text: str) -> bool:
    return text == formatted(phonenumbers.parse(text)) == checked(text)


@pytest.mark.parametrize("send", STRICT, ids=lambda send: send.__name__)
@pytest.mark.parametrize(("canonical", "other"), SAME.items())
def test_programs_hear_the_canonical_spelling(alice, worker, send, canonical, other):
    said = send(alice, None, other)
    assert canonical in said
    assert stored() == []


@pytest.mark.parametrize("send", PEOPLE, ids=lambda send: send.__name__)
@pytest.mark.parametrize(("canonical", "other"), SAME.items())
def test_people_may_write_it_otherwise(alice, browse, send, canonical, other):
    client = browse(alice)
    send(alice, client, other)
    assert stored() in ([canonical], [])  # what is refused is not stored
    if not other.startswith("+11"):  # one digit too many
        assert stored() == [canonical]
    send(alice, client, canonical)
    assert stored() == [canonical]


def test_an_operator_may_too(alice, staff):
    fields = {"number": "+44 (0)20 7183 8799", "organization": alice.organization.pk}
    staff.post(
        f"{reverse('admin:numbers_phonenumber_add')}?organization={alice.organization.pk}", fields
    )
    assert stored() == ["+442071838799"]


def test_no_row_is_written_under_a_second_spelling(alice):
    with pytest.raises(NotANumber, match="\\+442071838750"):
        alice.organization.phone_numbers.create(e164="+4402071838750", source="import")


def test_numbers_are_made_in_the_operations_only():
    """The list of entrances above ends in these: whoever adds a way in, adds it above."""
    made = {}
    for path in sorted((BASE_DIR / "numbers").rglob("*.py")):
        if "migrations" in path.parts:
            continue
        calls = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call)]
        names = [ast.unparse(call.func) for call in calls]
        if "models" in Path(path).read_text() and "PhoneNumber" in names:
            made[path.name] = names.count("PhoneNumber")
    assert made == {"importing.py": 3, "operations.py": 1}
