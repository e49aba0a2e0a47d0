"""One version: in the code, in the package, and as the newest heading of the changelog."""

import re
import tomllib

from config import BASE_DIR, VERSION

HEADING = re.compile(r"^## (.*)$", re.M)
RELEASE = re.compile(r"(\d+)\.(\d+)\.(\d+), (unreleased|\d{1,2} [A-Z][a-z]+ 20\d\d)")


def headings() -> list[re.Match]:
    found = HEADING.findall((BASE_DIR / "CHANGELOG.md").read_text())
    matches = [RELEASE.fullmatch(each) for each in found]
    assert all(matches), found
    return matches


def test_the_newest_heading_is_the_version_of_the_code():
    assert headings()[0][0].partition(",")[0] == VERSION


def test_the_package_has_it_too():
    project = tomllib.loads((BASE_DIR / "pyproject.toml").read_text())["project"]
    assert project["version"] == VERSION


def test_each_version_has_one_heading_and_newer_ones_come_first():
    versions = [tuple(map(int, each.groups()[:3])) for each in headings()]
    assert versions == sorted(set(versions), reverse=True)


def test_only_the_newest_may_be_unreleased():
    assert all(each[4] != "unreleased" for each in headings()[1:])
