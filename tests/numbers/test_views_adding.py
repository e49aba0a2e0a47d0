"""Adding many numbers on the screens: a pasted list, a range, a file; each leads to a batch."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from numbers.bulk.files.tables import read_file_lines
from numbers.bulk.imports.pasted_list import parse_pasted_rows
from numbers.models import Batch
from tests.support import factories

pytestmark = pytest.mark.django_db
PAGES = ("add", "add_list", "add_range", "add_file")


def url(member, name, **path):
    return reverse(f"screens:{name}", args=[member.organization.public_id, *path.values()])


def carrier_of(member):
    return f"carrier:{member.organization.carriers.get().voip_carrier_sid}"


def sent(client, member, name, **fields):
    return client.post(url(member, name), {"place": carrier_of(member), **fields})


def numbers_of(batch):
    factories.run_due_bulk_jobs()
    return list(batch.rows.order_by("line").values_list("fate", "values__number"))


@pytest.mark.parametrize("name", PAGES)
class TestWho:
    def test_a_viewer_may_not(self, browse, alice, carol, name):
        assert browse(carol).get(url(alice, name)).status_code == 403

    def test_a_stranger_finds_nothing(self, browse, alice, mallory, name):
        assert browse(mallory).get(url(alice, name)).status_code == 404


def test_the_hub_shows_the_ways(browse, alice):
    page = browse(alice).get(url(alice, "add")).content.decode()
    assert all(url(alice, name) in page for name in PAGES)
    assert "There is no carrier yet" not in page


def test_the_hub_says_what_is_missing(browse, db):
    nina = factories.create_member("Nina")
    page = browse(nina).get(url(nina, "add")).content.decode()
    assert "There is no carrier yet" in page
    assert url(nina, "integrations") in page


def test_where_nothing_is_connected_numbers_can_be_recorded(browse, db):
    nina = factories.create_member("Nina")
    form = {"text": "+14155550100", "place": "record"}
    assert browse(nina).post(url(nina, "add_list"), form).status_code == 302
    assert Batch.objects.get().options["destination"] == "record"


class TestList:
    def test_it_becomes_a_batch_and_adds_nothing_yet(self, browse, alice):
        text = "+14155550100, Desk\n\n+1 415 555 0101\n"
        answer = sent(browse(alice), alice, "add_list", text=text, label="Sales")
        batch = Batch.objects.get()
        assert answer["Location"] == url(alice, "batch", batch_id=batch.pk)
        assert numbers_of(batch) == [("todo", "+14155550100"), ("todo", "+14155550101")]
        labels = batch.rows.order_by("line").values_list("values__label", flat=True)
        assert list(labels) == ["Desk", "Sales"]
        assert not alice.organization.phone_numbers.exists()

    @pytest.mark.parametrize(
        ("text", "rows"),
        [
            ("+1; Desk", [("+1", "Desk")]),
            ("+1\tDesk, left", [("+1", "Desk, left")]),
            ("+14155550100, +14155550101;\n", [("+14155550100", ""), ("+14155550101", "")]),
            ('"+1","Desk"', [("+1", "Desk")]),
            ("\n \n", []),
        ],
    )
    def test_what_is_pasted_is_understood(self, text, rows):
        assert [(row["number"], row.get("label", "")) for row in parse_pasted_rows(text)] == rows

    def test_what_was_typed_stays_when_it_is_refused(self, browse, alice):
        answer = sent(browse(alice), alice, "add_list", text=" \n ", label="Kept words")
        assert answer.status_code == 422
        assert "Paste at least one number." in answer.text
        assert "Kept words" in answer.text

    def test_a_strangers_carrier_is_no_choice(self, browse, alice, mallory):
        form = {"text": "+14155550100", "place": carrier_of(mallory)}
        assert browse(alice).post(url(alice, "add_list"), form).status_code == 422
        assert not Batch.objects.exists()

    def test_an_account_takes_them_and_another_their_calls(self, browse, alice):
        sandbox = alice.organization.integrations.get()
        form = {
            "text": "+14155550100",
            "place": f"account:{sandbox.pk}",
            "voice_integration_id": str(sandbox.pk),
        }
        assert browse(alice).post(url(alice, "add_list"), form).status_code == 302
        options = Batch.objects.get().options
        assert options["integration_id"] == options["voice_integration_id"] == str(sandbox.pk)


class TestRange:
    @pytest.mark.parametrize(
        "ends", [{"last": "+1 415 555 0102"}, {"count": 3}, {"last": "0102", "first": "0100"}]
    )
    def test_by_its_last_or_by_how_many(self, browse, alice, ends):
        if "first" in ends:  # a German block, as one dials it there
            ends = {"first": "030 901820", "last": "030 901822", "country": "DE"}
        answer = sent(browse(alice), alice, "add_range", **{"first": "+14155550100", **ends})
        assert answer.status_code == 302
        numbers = [number for _fate, number in numbers_of(Batch.objects.get())]
        first = int(numbers[0])
        assert numbers == [f"+{first + n}" for n in range(3)]

    @pytest.mark.parametrize(
        ("ends", "words"),
        [
            ({}, "Give the last number, or how many"),
            ({"last": "+14155550199", "count": 3}, "Give one of the two"),
            ({"last": "+14155550000"}, "comes before the first"),
            ({"last": "+14155590000"}, "at most 10,000"),
            ({"count": 10_001}, "10000"),
            ({"last": "+4930901820"}, "equally many digits"),
            ({"first": "x", "count": 2}, "Use digits"),
            ({"first": "030 901820", "count": 2}, "The country is missing"),
        ],
    )
    def test_what_is_no_range_is_refused(self, browse, alice, ends, words):
        answer = sent(browse(alice), alice, "add_range", **{"first": "+14155550100", **ends})
        assert answer.status_code == 422
        assert words in answer.text
        assert not Batch.objects.exists()

    def test_its_size_is_shown_while_typing(self, browse, alice):
        query = {"first": "+1 415 555 0100", "count": "1200"}
        answer = browse(alice).get(url(alice, "add_range"), query, headers={"HX-Request": "true"})
        assert "1,200 numbers: +1 (415) 555-0100 to +1 (415) 555-1299" in " ".join(
            answer.text.split()
        )


class TestFile:
    def test_it_becomes_a_batch(self, browse, alice):
        file = SimpleUploadedFile("May.csv", b"number;label\n+14155550100;Desk\n12;\n")
        assert sent(browse(alice), alice, "add_file", file=file).status_code == 302
        batch = Batch.objects.get()
        assert batch.title == "May.csv"
        assert numbers_of(batch) == [("todo", "+14155550100"), ("error", None)]

    @pytest.mark.parametrize(
        ("content", "words"),
        [(b"", "empty"), (b"\x00\x01", "neither CSV nor")],
    )
    def test_what_is_seen_at_once_is_said_at_once(self, browse, alice, content, words):
        answer = sent(browse(alice), alice, "add_file", file=SimpleUploadedFile("x.csv", content))
        assert answer.status_code == 422
        assert words in answer.text

    def test_what_is_too_large_is_kept_nowhere(self, browse, alice):
        file = SimpleUploadedFile("May.csv", b"+14155550100\n" * 800_000)
        answer = sent(browse(alice), alice, "add_file", file=file)
        assert answer.status_code == 413
        assert "larger than 10 MB" in answer.text
        assert not Batch.objects.exists()

    @pytest.mark.parametrize("kind", ["csv", "xlsx"])
    def test_its_template_has_the_columns(self, browse, alice, kind):
        answer = browse(alice).get(url(alice, "add_template", kind=kind))
        assert answer["Content-Disposition"] == f'attachment; filename="numbers.{kind}"'
        assert list(read_file_lines(answer.content)) == []
