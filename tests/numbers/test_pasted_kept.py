"""Nothing pasted is lost: not for its length, nor because a session has ended in between."""

import html
import json
import re

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from numbers.bulk import jobs
from numbers.models import Batch
from numbers.views.adding import sources
from organizations.web.views.base import screen_url
from tests.support import factories

pytestmark = pytest.mark.django_db
AREA = re.compile(r"<textarea[^>]*>\n(.*?)</textarea>", re.DOTALL)
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')
LIST = "+14155550100, Front desk\n+14155550101, <b>Sales</b> & Co\n"


def url(member, name: str = "add_list") -> str:
    return screen_url(member.organization, name)


def shown(answer) -> str:
    """What stands in the page's text area, with the line breaks that a browser would send."""
    return html.unescape(AREA.search(answer.text)[1]).replace("\r\n", "\n")


def lines(count: int, label: str) -> str:
    return "".join(f"+7812{n:07d}, {label}\n" for n in range(count))


class TestLong:
    def test_a_list_of_more_than_a_megabyte_is_taken(self, alice, browse):
        """In bytes; a browser sends two characters for a line break."""
        text = lines(19_000, "Московский офис, стол").replace("\n", "\r\n")
        assert len(text) < 800_000 < settings.DATA_UPLOAD_MAX_MEMORY_SIZE < len(text.encode())
        answer = browse(alice).post(url(alice), {"text": text, "place": "record"})
        assert answer.status_code == 302
        rows = json.loads(bytes(Batch.objects.get().file))
        assert len(rows) == 19_000
        assert {row["label"] for row in rows} == {"Московский офис, стол"}

    def test_the_browser_does_not_cut_it(self, alice, browse):
        page = browse(alice).get(url(alice)).text
        assert "maxlength" not in re.search(r"<textarea[^>]*>", page)[0]

    def test_too_many_rows_stay_in_the_form(self, alice, browse, monkeypatch):
        monkeypatch.setattr(jobs, "MAX_ROWS", 2)
        text = lines(3, "x")
        answer = browse(alice).post(url(alice), {"text": text, "place": "record"})
        assert answer.status_code == 422
        assert "At most 2 rows" in answer.text
        assert shown(answer) == text

    def test_too_many_bytes_stay_in_the_form(self, alice, browse):
        text = lines(100_000, "ы" * 45)
        assert len(text) < 10_000_000 < len(text.encode())
        answer = browse(alice).post(url(alice), {"text": text, "place": "record", "label": "Kept"})
        assert answer.status_code == 413
        assert "larger than 10 MB" in answer.text
        assert shown(answer) == text
        assert 'value="Kept"' in answer.text
        assert not Batch.objects.exists()

    def test_what_is_beyond_all_bounds_is_cut_between_lines(self, alice, browse, monkeypatch):
        monkeypatch.setattr(sources.AddListScreen, "longest_form", 1_000)
        monkeypatch.setattr("numbers.views.adding.forms.MAX_TEXT_BYTES", 500)
        text = lines(100, "Desk")
        answer = browse(alice).post(url(alice), {"place": "record", "text": text})
        assert answer.status_code == 413
        assert "Only its beginning could be read" in answer.text
        left = shown(answer)
        assert 500 < len(left) < 1_000
        assert text.startswith(f"{left}\n")

    def test_other_fields_and_other_forms_have_their_limit(self, alice, browse):
        long = "x" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
        client = browse(alice)
        assert client.post(url(alice), {"text": LIST, "label": long}).status_code == 422
        client.raise_request_exception = False
        assert client.post(url(alice, "add_range"), {"first": long}).status_code in (400, 413)

    @pytest.mark.parametrize("count", [999, 1_200])
    def test_the_number_of_fields_has_its_limit(self, alice, browse, count):
        client = browse(alice)
        fields = {f"x{n}": "" for n in range(count - 2)}
        answer = client.post(url(alice), {"text": LIST, "place": "record", **fields})
        assert answer.status_code == (302 if count < 1_000 else 400)

    def test_one_bad_character_refuses_one_row(self, alice, browse):
        text = "+1415555\x000100, A\n+14155550101, B\n"
        browse(alice).post(url(alice), {"text": text, "place": "record"})
        factories.run_due_bulk_jobs()
        fates = Batch.objects.get().rows.order_by("line").values_list("fate", flat=True)
        assert list(fates) == ["error", "todo"]


class TestSession:
    @pytest.fixture
    def browser(self, alice) -> Client:
        client = Client(enforce_csrf_checks=True)
        client.force_login(alice.user, "django.contrib.auth.backends.ModelBackend")
        return client

    def fields(self, page, **given) -> dict[str, str]:
        return {"csrfmiddlewaretoken": TOKEN.search(page.text)[1], "place": "record", **given}

    def test_who_was_signed_out_keeps_the_list(self, alice, browser):
        form = self.fields(browser.get(url(alice)), text=LIST, label="Kept", country="DE")
        browser.cookies.pop(settings.SESSION_COOKIE_NAME)
        answer = browser.post(url(alice), form)
        assert answer.status_code == 403
        assert shown(answer) == LIST
        assert "<b>Sales" not in answer.text
        assert not Batch.objects.exists()

        # Signed in again in another tab, whose token is another; the kept form is sent again.
        again = self.fields(answer, text=shown(answer), label="Kept", country="DE")
        assert f'name="label" value="{again["label"]}"' in answer.text
        browser.get(reverse("account_login"))
        browser.force_login(alice.user, "django.contrib.auth.backends.ModelBackend")
        browser.cookies.pop(settings.CSRF_COOKIE_NAME)
        browser.get(url(alice))
        answer = browser.post(url(alice), again)
        assert (answer.status_code, shown(answer)) == (403, LIST)
        assert "Your session has changed" in answer.text

        # The page has the token of now.
        last = self.fields(answer, text=shown(answer), label="Kept", country="DE")
        assert browser.post(url(alice), last).status_code == 302
        factories.run_due_bulk_jobs()
        batch = Batch.objects.get()
        assert (batch.rows.count(), batch.options["country"]) == (2, "DE")

    def test_a_range_is_kept_too(self, alice, browser):
        ends = {"first": "+14155550100", "last": "+14155550199"}
        form = self.fields(browser.get(url(alice, "add_range")), **ends)
        form["csrfmiddlewaretoken"] = "x" * 64
        answer = browser.post(url(alice, "add_range"), form)
        assert answer.status_code == 403
        assert all(f'value="{number}"' in answer.text for number in ends.values())

    def test_another_sites_form_is_not_shown(self, alice, browser):
        form = self.fields(browser.get(url(alice)), text=LIST)
        answer = browser.post(url(alice), form, headers={"Origin": "https://evil.example"})
        assert answer.status_code == 403
        assert "Sales" not in answer.text

    def test_a_strangers_page_is_not_shown(self, alice, mallory, browser):
        form = {"text": LIST, "csrfmiddlewaretoken": "x" * 64}
        browser.get(url(alice))
        assert browser.post(url(mallory), form).status_code == 404

    def test_other_forms_lead_to_the_sign_in_page(self, alice):
        number = factories.create_number(alice.by)
        path = screen_url(alice.organization, "number_edit", number_id=number.pk)
        answer = Client().post(path, {"label": "x", "password": "s3cret"})
        assert answer["Location"].startswith(reverse("account_login"))
        assert Client().post(url(alice), {})["Location"].startswith(reverse("account_login"))
