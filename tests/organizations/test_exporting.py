"""Exports are made by workers, slice by slice, and are for whoever asked."""

import csv
import io
from datetime import timedelta

import pytest
from django.utils import timezone

from integrations import export_jobs as bell
from integrations.retention import cleanup
from numbers.search import export as exporting
from organizations.access.principals import Principal, reload_member_principal
from organizations.exports import export_requests, export_runner
from organizations.exports.export_requests import ExportRefused
from organizations.models import Export, ExportPart
from organizations.web.views.base import screen_url
from tests.support import factories
from tests.support.exports import download_export, run_pending_exports

pytestmark = pytest.mark.django_db
FIVE = [f"+1415555010{n}" for n in range(5)]


@pytest.fixture
def five(alice):
    for number in FIVE:
        factories.create_number(alice.by, number, settled=False)


def ask(member, format: str = "csv", query: str = "sort=number") -> Export:
    return export_requests.request_export(
        asker(member), "numbers", format=format, options={"query": query}
    )


def asker(member) -> Principal:
    """In the browser."""
    return reload_member_principal(member.organization, str(member.user.pk))


def text_of(export: Export) -> str:
    return b"".join(export_requests.stream_export_file(export)).decode("utf-8-sig")


def numbers_in(export: Export) -> list[str]:
    return [row["number"] for row in csv.DictReader(io.StringIO(text_of(export)))]


def page(member, export: Export, name: str = "export") -> str:
    return screen_url(member.organization, name, export_id=export.pk)


class TestWork:
    def test_it_is_followed_until_it_can_be_downloaded(self, alice, browse, five):
        browser = browse(alice)
        url = screen_url(alice.organization, "numbers_export")
        where = browser.post(f"{url}?sort=number", {"format": "csv"})["Location"]
        assert "hx-get" in browser.get(where).text
        assert browser.get(f"{where}file/")["Location"] == where  # there is none yet
        run_pending_exports()
        shown = browser.get(where).text
        assert "5 rows" in shown
        assert f"{where}file/" in shown

    def test_slices_go_on_where_the_last_one_ended(self, alice, five, monkeypatch, settings):
        monkeypatch.setattr(exporting, "EXPORT_PAGE_SIZE", 2)
        settings.BATCH_SLICE = timedelta(0)
        export = ask(alice)
        slices = 0
        while Export.objects.get().state != "done":
            assert export_runner.run_export_slice(export.pk)
            slices += 1
        assert slices == 4
        assert numbers_in(export) == FIVE

    def test_a_slice_that_was_killed_is_written_once(self, alice, five, monkeypatch):
        monkeypatch.setattr(exporting, "EXPORT_PAGE_SIZE", 2)
        export = ask(alice)
        keep_part, kept = export_runner.save_export_part, []

        def killed(*arguments, **fields):
            keep_part(*arguments, **fields)
            kept.append(arguments)
            if len(kept) == 2:
                raise KeyboardInterrupt

        monkeypatch.setattr(export_runner, "save_export_part", killed)
        with pytest.raises(KeyboardInterrupt):
            export_runner.run_export_slice(export.pk)
        assert export_runner.run_export_slice(export.pk) is None  # its lease is not over
        Export.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        export_runner.run_export_slice(export.pk)
        assert numbers_in(export) == FIVE
        export.refresh_from_db()
        assert (export.state, export.done, export.total) == ("done", 5, 5)
        assert export.size == len(b"".join(export_requests.stream_export_file(export)))

    def test_an_excel_file_that_was_killed_begins_anew(self, alice, browse, five):
        export = ask(alice, "xlsx")
        whose = {"organization": alice.organization, "export": export}
        ExportPart.objects.create(**whose, position=0, data=b"left over")
        data = file_at_once(browse(alice), alice, export)
        assert data.startswith(b"PK")

    def test_who_may_not_read_it_any_more_gets_nothing(self, alice, bob, five):
        export = ask(bob)
        alice.organization.memberships.filter(user=bob.user).delete()
        run_pending_exports()
        export.refresh_from_db()
        assert (export.state, export.parts.count()) == ("failed", 0)
        assert "no longer has permission" in export.reason

    def test_an_error_is_told_and_ends_it(self, alice, five, monkeypatch, caplog):
        monkeypatch.setattr(exporting, "carriers_by_name", lambda by: 1 / 0)
        export = ask(alice)
        run_pending_exports()
        export.refresh_from_db()
        assert (export.state, export.size) == ("failed", 0)
        assert "log tells more" in export.reason

    def test_what_ends_its_worker_again_and_again_is_given_up(self, alice, five):
        export = ask(alice)
        Export.objects.update(tries=export_runner.MAX_TRIES)
        export_runner.run_export_slice(export.pk)
        export.refresh_from_db()
        assert export.state == "failed"

    def test_deleted_while_it_is_made(self, alice, five, monkeypatch):
        export = ask(alice)
        header = exporting.EXPORT_FIELDS
        monkeypatch.setattr(
            "numbers.views.listing.export.NumbersExport.header",
            lambda *_: export_requests.delete_export(asker(alice), export.pk) or list(header),
        )
        export_runner.run_export_slice(export.pk)
        assert not Export.objects.exists()
        assert not ExportPart.objects.exists()


def file_at_once(browser, member, export: Export) -> bytes:
    run_pending_exports()
    return browser.get(page(member, export, "export_file")).getvalue()


class TestOwner:
    def test_nobody_else_sees_it(self, alice, bob, mallory, browse, five):
        export = ask(alice)
        run_pending_exports()
        for name in ("export", "export_file"):
            assert browse(alice).get(page(alice, export, name)).status_code == 200
            assert browse(bob).get(page(alice, export, name)).status_code == 404
            assert browse(mallory).get(page(mallory, export, name)).status_code == 404
        assert browse(bob).post(page(alice, export, "export_delete")).status_code == 404
        assert "numbers-" not in browse(bob).get(screen_url(alice.organization, "exports")).text

    def test_the_audit_log_has_it(self, alice, five):
        ask(alice, query="q=415")
        event = alice.organization.events.get(action="phone_number.exported")
        assert event.after == {"format": "csv", "query": "q=415"}

    def test_one_may_have_so_many(self, alice, browse):
        for _each in range(export_requests.MAX_EXPORTS):
            ask(alice)
        with pytest.raises(ExportRefused):
            ask(alice)
        url = screen_url(alice.organization, "numbers_export")
        answer = browse(alice).post(url, {"format": "csv"}, follow=True)
        assert "Delete one of them first" in answer.text

    def test_deleting_takes_the_file_away(self, alice, browse, five):
        export = ask(alice)
        run_pending_exports()
        browse(alice).post(page(alice, export, "export_delete"))
        assert not Export.objects.exists()
        assert not ExportPart.objects.exists()

    def test_it_goes_after_a_day(self, alice, browse, five):
        export = ask(alice)
        run_pending_exports()
        Export.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        assert browse(alice).get(page(alice, export, "export_file")).status_code == 404
        cleanup.run_cleanup()
        assert not Export.objects.exists()
        assert not ExportPart.objects.exists()

    def test_a_file_that_goes_during_the_download_does_not_look_whole(self, alice, five):
        export = ask(alice)
        run_pending_exports()
        parts = export_requests.stream_export_file(export)
        next(parts)
        Export.objects.get().delete()
        with pytest.raises(ConnectionAbortedError):
            list(parts)


class TestBell:
    def test_one_at_a_time_and_the_newcomer_before_the_long_one(self, alice, settings):
        settings.WORKER_SLOTS = 4
        long, short = ask(alice), ask(alice)
        Export.objects.filter(pk=long.pk).update(fence=7, state="running")
        assert bell.EXPORT_QUEUE.due() == [short.pk]
        assert bell.EXPORT_QUEUE.due() == []  # stamped
        bell.EXPORT_QUEUE.unstamp([short.pk])
        assert bell.EXPORT_QUEUE.due() == [short.pk]
        export_runner.run_export_slice(short.pk)
        assert bell.EXPORT_QUEUE.due() == [long.pk]

    def test_organizations_take_turns(self, alice, mallory, settings):
        settings.WORKER_SLOTS = 4
        for member in (alice, alice, alice, mallory):
            ask(member)
        turns = []
        while ids := bell.EXPORT_QUEUE.due():
            turns += [Export.objects.get(pk=each).organization for each in ids]
            export_runner.run_export_slice(ids[0])
        assert len(turns) == 4
        assert mallory.organization in turns[:2]

    def test_excel_and_csv_hold_the_same(self, alice, browse, five):
        url = screen_url(alice.organization, "numbers_export") + "?sort=number"
        text = download_export(browse(alice), url, {"format": "csv"}).decode("utf-8-sig")
        assert [row["number"] for row in csv.DictReader(io.StringIO(text))] == FIVE
