"""One rule for texts: what is trimmed around them, what is refused in them, and where it holds."""

import json
from pathlib import Path

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import override

from config import BASE_DIR
from numbers.bulk import jobs
from numbers.bulk.imports.options import clean_import_options
from numbers.inventory.agents import create_agent
from numbers.models import PhoneNumber
from organizations.models import User
from organizations.operations import create_organization
from organizations.text.fields import FormSecret, FormText, FormUrl
from organizations.text.rules import sanitize_line, text_error, trim_text
from organizations.web.views.base import screen_url
from tests.support import factories
from tests.support.dialects import DIALECTS

AROUND = " \t\u00a0\u2003\u3000\u200b\u200e\u2066\u00ad\u061c\ufeff\u3164\u2800"


class TestTheRule:
    @pytest.mark.parametrize("around", [*AROUND, "\n", "\r\n", "\u2028", "\ufe0d", "\u200d\u00a0"])
    def test_what_nobody_sees_is_trimmed(self, around):
        assert trim_text(f"{around}Desk{around}") == "Desk"
        assert trim_text(around) == ""

    @pytest.mark.parametrize(
        "text",
        [
            "Front  desk",  # blanks within
            "a\u200db\u00a0c",
            "\u2764\ufe0f",  # a heart in colour
            "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",  # a flag
            "\u845b\U000e0100",  # a variant of a Han character, as in names
            "e\u0301",  # no normalization
            "=SUM(1)",
            "'007",
        ],
    )
    def test_the_rest_is_kept_to_the_letter(self, text):
        assert trim_text(f"\u200b {text}\u00a0") == text
        assert text_error(text) == ""

    def test_a_variant_of_nothing_is_nothing(self):
        assert trim_text("\ufe0fDesk \ufe0f") == "Desk"

    @pytest.mark.parametrize("character", ["\x00", "\n", "\t", "\x1f", "\x7f", "\x85", "\u2028"])
    def test_control_characters_within_are_refused(self, character):
        assert "control characters" in text_error(f"a{character}b")
        assert sanitize_line(f"a{character}b ") == "a b"

    def test_half_a_pair_is_refused(self):
        assert "Unicode" in text_error("a\ud800")
        assert sanitize_line("a\ud800b") == "a b"

    def test_what_is_very_long_is_trimmed_in_no_time(self):
        assert trim_text("x" + " \ufe0f" * 500_000) == "x"


class TestFormFields:
    def test_a_text(self):
        assert FormText(max_length=4).clean(f"{AROUND}Desk{AROUND}") == "Desk"
        assert FormText(required=False).clean("\u200b") == ""
        for wrong in ("\u200b", "a\nb", "De\x00sk"):
            with pytest.raises(ValidationError):
                FormText().clean(wrong)

    def test_an_address(self):
        field = FormUrl(assume_scheme="https")
        assert field.clean("\u200bhttps://example.com/\u00a0") == "https://example.com/"
        with pytest.raises(ValidationError):
            field.clean("https://example.com/\x01")

    def test_a_secret_is_kept_to_the_letter(self):
        assert FormSecret().clean(" s3cret\u200b") == " s3cret\u200b"
        with pytest.raises(ValidationError):
            FormSecret().clean("s3\ncret")


# Fields whose value is no line of text: several lines, numbers, hidden state, passwords of people.
OTHERS = {
    "numbers/views/adding/forms.py": ["first", "last"],
    "numbers/views/adding/add_single_forms.py": ["number"],
    "numbers/views/number_forms.py": ["seen"],
    "numbers/views/listing/saved_views.py": ["query"],
    "organizations/web/views/api_key_forms.py": ["allowed_cidrs"],
    "organizations/views/forms.py": ["email", "password"],
}
PLAIN = ("forms.CharField(", "forms.URLField(", "forms.EmailField(", "forms.SlugField(")


def test_every_form_field_for_a_text_follows_the_rule():
    found: dict[str, list[str]] = {}
    for app in ("carriers", "integrations", "numbers", "organizations"):
        for path in sorted(Path(BASE_DIR / app).rglob("*.py")):
            lines = [line for line in path.read_text().splitlines() if " = " in line]
            names = [n.split()[0] for n in lines if any(plain in n for plain in PLAIN)]
            if names:
                found[str(path.relative_to(BASE_DIR))] = names
    assert found == OTHERS


def typed(client, number, name, **fields):
    seen = client.get(screen_url(number.organization, "number_edit", number_id=number.pk))
    fields["seen"] = seen.context["form"]["seen"].value()
    client.post(screen_url(number.organization, name, number_id=number.pk), fields)


@pytest.mark.django_db
class TestEntrances:
    """A label, by whichever way it comes."""

    @pytest.fixture
    def number(self, alice):
        return factories.create_number(alice.by, "+14155550101", label="Main line")

    BODIES = {
        "v1": ("PATCH", "/v1/phone-numbers/{0.pk}", "label"),
        "zudu": ("PATCH", "/api/phone-numbers/{0.e164}", "nickname"),
    }

    @pytest.mark.parametrize("name", BODIES)
    @pytest.mark.parametrize(
        ("text", "label"),
        [
            (f"{AROUND}Front  desk{AROUND}", "Front  desk"),
            ("\u200b", None),
            ("  ", None),
            ("a\u2029b", "Main line"),
            ("a\x00", "Main line"),
        ],
    )
    def test_the_apis(self, alice, number, name, text, label):
        method, path, field = self.BODIES[name]
        DIALECTS[name].send(alice, method, path.format(number), {field: text})
        number.refresh_from_db()
        assert number.label == label

    def test_half_a_pair_never_gets_in(self, alice, api, number):
        path = f"/v1/phone-numbers/{number.pk}"
        headers = {"Authorization": f"Bearer {alice.key_text}"}
        body = json.dumps({"label": "a\ud800"})
        answer = api().client.patch(path, body, "application/json", headers=headers)
        assert answer.status_code == 400
        number.refresh_from_db()
        assert number.label == "Main line"

    @pytest.mark.parametrize("name", ["number_edit", "number_label"])
    def test_the_pages(self, alice, browse, number, name):
        typed(browse(alice), number, name, label=f"{AROUND}Front  desk{AROUND}")
        number.refresh_from_db()
        assert number.label == "Front  desk"

    def test_the_admin(self, staff, number):
        url = f"/admin/numbers/phonenumber/{number.pk}/change/"
        inline = {"placements-TOTAL_FORMS": 0, "placements-INITIAL_FORMS": 0}
        staff.post(url, {"label": f"{AROUND}Front desk", **inline})
        number.refresh_from_db()
        assert number.label == "Front desk"
        assert staff.post(url, {"label": "a\x01b", **inline}).status_code == 200
        number.refresh_from_db()
        assert number.label == "Front desk"

    @pytest.mark.parametrize("given", ["rows", "file"])
    def test_imports(self, alice, given):
        text = f"{AROUND}Front  desk{AROUND}"
        rows = {
            "rows": [{"number": "+14155550102", "label": text, "agent_id": "agent_x\u200b"}],
            "file": f"number,label,agent_id\n+14155550102,{text},agent_x\u200b\n".encode(),
        }
        options = clean_import_options(alice.by, {"destination": "record"})
        batch = jobs.create_import_job(alice.by, title="x", options=options, **{given: rows[given]})
        factories.run_due_bulk_jobs()
        values = batch.rows.get().values
        assert (values["label"], values["agent_id"]) == ("Front  desk", "agent_x")

    def test_the_options_of_an_import(self, alice):
        options = clean_import_options(
            alice.by, {"destination": "record", "label": " \u200bAll\u00a0"}
        )
        assert options == {"destination": "record", "label": "All"}
        assert "label" not in clean_import_options(
            alice.by, {"destination": "record", "label": "\u200b"}
        )

    def test_a_bulk_label(self, alice, number):
        numbers = alice.organization.phone_numbers.all()
        batch = jobs.create_change_job(
            alice.by, action="label", options={"label": f"{AROUND}All"}, numbers=numbers
        )
        jobs.start_bulk_job(alice.by, batch.pk)
        factories.run_due_operations()
        assert PhoneNumber.objects.get().label == "All"

    def test_names(self, alice):
        assert create_organization(name=f"{AROUND}Acme  Inc{AROUND}").name == "Acme  Inc"
        assert create_agent(alice.by, name="\u200bDesk").name == "Desk"
        assert User.objects.create_user("x@example.com", name="\u00a0Xenia").name == "Xenia"
        with override("en"), pytest.raises(ValidationError, match="control characters"):
            create_organization(name="Acme\nInc")

    def test_a_query(self, alice, api, number):
        found = api(alice).get("/v1/phone-numbers?label=%E2%80%8BMain%20").json()["data"]
        assert [each["id"] for each in found] == [str(number.pk)]
        assert api(alice).get("/v1/phone-numbers?label=%E2%80%8B").status_code == 400


@pytest.mark.django_db
class TestIds:
    """Ids and numbers of an API are not trimmed: another text is another id."""

    @pytest.mark.parametrize("text", [" agent_x", "agent_x ", "agent_x\u200b", "\u00a0agent_x"])
    @pytest.mark.parametrize("name", ["v1", "zudu"])
    def test_white_space_around_an_id_is_refused(self, alice, name, text):
        number = factories.create_number(alice.by, "+14155550101")
        method, path, _field = TestEntrances.BODIES[name]
        answer = DIALECTS[name].send(alice, method, path.format(number), {"inbound_agent_id": text})
        assert answer.status_code == 400
        assert "inbound_agent_id" in answer.text

    def test_around_a_number_too(self, alice, api):
        for text in (" +14155550101", "+14155550101\u200b"):
            answer = api(alice).post("/v1/phone-numbers", {"number": text})
            assert answer.json()["errors"][0]["path"] == "number"

    def test_people_may_paste_an_id_with_blanks(self, alice, browse):
        number = factories.create_number(alice.by, "+14155550101")
        typed(browse(alice), number, "number_edit", inbound_agent_id=" agent_x\u200b")
        number.refresh_from_db()
        assert number.inbound_agent_id == "agent_x"


def test_the_model_fields_are_plain_to_migrations():
    _name, path, _args, options = PhoneNumber._meta.get_field("label").deconstruct()
    assert path == "django.db.models.CharField"
    assert "validators" not in options
    assert isinstance(PhoneNumber._meta.get_field("label").formfield(), forms.CharField)
