"""UUIDs in paths: every address takes them in upper case too. Walked over all routes, so that a new
one cannot forget it."""

import re
from uuid import UUID

import pytest
from django.urls import resolve, reverse
from django.urls.converters import UUIDConverter

from organizations.web.path_converters import AnyCaseUuidConverter
from tests.support import factories
from tests.support.project import iterate_routes

ID = "0f8fad5b-d9cb-469f-a165-70867728950e"
PARAMETER = re.compile(r"<(\w+):(\w+)>")
SAMPLES = {"int": "7", "slug": "label", "str": "org_0123456789ab", "path": "x"}


def with_uuids() -> list[str]:
    """The path of each route that takes a UUID."""
    return [
        path
        for path, pattern in iterate_routes()
        if any(isinstance(c, UUIDConverter) for c in pattern.pattern.converters.values())
    ]


def filled(path: str, text: str) -> str:
    return "/" + PARAMETER.sub(lambda found: SAMPLES.get(found[1], text), path)


def test_djangos_converter_of_lower_case_is_used_nowhere():
    used = {
        type(c) for _path, pattern in iterate_routes() for c in pattern.pattern.converters.values()
    }
    assert AnyCaseUuidConverter in used
    assert UUIDConverter not in used


@pytest.mark.parametrize("path", with_uuids())
def test_a_route_takes_a_uuid_in_any_case(path):
    lower = resolve(filled(path, ID))
    assert UUID(ID) in lower.kwargs.values()
    for text in (ID.upper(), ID.title()):
        found = resolve(filled(path, text))
        assert (found.func, found.kwargs) == (lower.func, lower.kwargs)


def test_links_are_in_lower_case():
    assert reverse("number", args=[UUID(ID.upper())]).endswith(ID)


@pytest.mark.django_db
class TestOverHttp:
    @pytest.fixture
    def number(self, alice):
        return factories.create_number(alice.by)

    @pytest.mark.parametrize("rest", ["", "/operations", "/placements"])
    def test_the_api_answers_the_same(self, alice, api, number, rest):
        path = f"/v1/phone-numbers/{number.pk}{rest}"
        lower = api(alice).get(path)
        upper = api(alice).get(path.replace(str(number.pk), str(number.pk).upper()))
        assert lower.status_code == upper.status_code == 200
        assert lower.content == upper.content

    def test_a_change_by_the_upper_case_path_is_made(self, alice, api, number):
        path = f"/v1/phone-numbers/{str(number.pk).upper()}"
        assert api(alice).patch(path, {"label": "Desk"}).json()["label"] == "Desk"

    def test_an_integration_and_the_header_take_upper_case_too(self, alice, api):
        integration = alice.organization.integrations.get()
        here = {"X-Organization-Id": str(alice.organization.pk).upper()}
        path = f"/v1/integrations/{str(integration.pk).upper()}"
        assert api(alice).get(path, **here).json()["id"] == integration.public_id

    def test_a_public_id_stays_as_it_is_written(self, alice, api):
        integration = alice.organization.integrations.get()
        assert (
            api(alice).get(f"/v1/integrations/{integration.public_id.upper()}").status_code == 404
        )

    def test_a_page_is_shown(self, alice, browse, number):
        page = f"/o/{alice.organization.public_id}/numbers/{str(number.pk).upper()}/"
        assert browse(alice).get(page).status_code == 200

    def test_the_admin_shows_the_row(self, staff, number):
        page = f"/admin/numbers/phonenumber/{str(number.pk).upper()}/change/"
        assert staff.get(page).status_code == 200

    @pytest.mark.parametrize("text", ["0F8FAD5B", ID.replace("-", ""), f"{{{ID}}}", "G" + ID[1:]])
    def test_what_is_no_uuid_is_not_found(self, alice, api, text):
        assert api(alice).get(f"/v1/phone-numbers/{text}").status_code == 404
