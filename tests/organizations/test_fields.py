"""Strict serializers: a value is what it should be, or refused at its path."""

from uuid import UUID

import pytest
from rest_framework.exceptions import ValidationError

from organizations.web.api.exception_mapping import exception_to_problem
from organizations.web.api.fields import (
    Boolean,
    Char,
    Choice,
    Integer,
    StrictList,
    StrictSerializer,
    Uuid,
)

A_UUID = "5f0c2d7e-3b1a-4c86-9f3d-0a7d1c2b9e44"


class Part(StrictSerializer):
    port = Integer(min_value=1, max_value=65535)


class Thing(StrictSerializer):
    name = Char(max_length=5, required=False)
    note = Char(required=False, allow_null=True, trim_whitespace=False)
    on = Boolean(required=False)
    size = Integer(required=False, min_value=1, max_value=9)
    owner = Uuid(required=False)
    kind = Choice([("a", "A"), ("b", "B")], required=False)
    part = Part(required=False)
    parts = StrictList(child=Part(), required=False, min_length=1, max_length=2)
    id = Uuid(read_only=True)


def read(data: object) -> dict:
    serializer = Thing(data=data)
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data


def errors_of(data: object, serializer_class=Thing) -> dict[str, tuple[str, str]]:
    serializer = serializer_class(data=data)
    with pytest.raises(ValidationError) as caught:
        serializer.is_valid(raise_exception=True)
    return {e["path"]: (e["code"], e["message"]) for e in exception_to_problem(caught.value).errors}


@pytest.mark.parametrize(
    ("data", "value"),
    [
        ({"name": "  x  "}, "x"),
        ({"note": "  x  "}, "  x  "),
        ({"note": None}, None),
        ({"on": True}, True),
        ({"on": False}, False),
        ({"size": 9}, 9),
        ({"owner": A_UUID}, UUID(A_UUID)),
        ({"kind": "b"}, "b"),
        ({"part": {"port": 1}}, {"port": 1}),
        ({"parts": [{"port": 1}]}, [{"port": 1}]),
    ],
)
def test_what_fits_is_taken(data, value):
    (name,) = data
    assert read(data)[name] == value


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [
        ("name", [1, 1.5, True, ["x"], {"x": 1}], "A string is expected."),
        ("name", ["", "   "], "A string that is not empty is expected."),
        ("name", [None], "null is not allowed here."),
        ("name", ["sixsix"], "At most 5 characters are allowed."),
        (
            "name",
            ["a\u0000", "a\nb", "a\u0085b", "a\u007f"],
            "Line breaks and control characters are not allowed.",
        ),
        ("on", ["true", "on", 1, 0, "", [], {}], "true or false is expected."),
        ("on", [None], "null is not allowed here."),
        ("size", ["1", True, False, 1.0, [], {}, ""], "A whole number is expected."),
        ("size", [0, -5], "At least 1 is expected."),
        ("size", [10, 10**30], "At most 9 is allowed."),
        ("owner", ["x", 5, "", [], {}, True], "A UUID is expected."),
        ("kind", ["c", "", 1, True, [], {}], "One of these is expected: a, b."),
        ("part", ["x", 1, [], True], "An object is expected."),
        ("parts", ["x", {}, 1], "A list is expected."),
        ("parts", [[]], "At least 1 entries are expected."),
    ],
)
def test_what_does_not_is_refused_by_name(name, values, said):
    for value in values:
        assert errors_of({name: value})[name][1] == said, value


def test_a_required_field_is_missed():
    assert errors_of({}, Part) == {"port": ("required", "This field is required.")}


def test_an_unknown_key_is_refused_at_that_key():
    message = "This field is not known here."
    assert errors_of({"colour": 1, "": 2}) == {
        "colour": ("unknown", message),
        "": ("unknown", message),
    }


def test_an_unknown_key_deep_inside_too():
    found = errors_of({"parts": [{"port": 1}, {"port": 1, "x": 1}], "part": {"port": 1, "y": 1}})
    assert set(found) == {"parts.1.x", "part.y"}


def test_unknown_keys_and_wrong_values_are_told_together():
    assert set(errors_of({"colour": 1, "size": 0})) == {"colour", "size"}


def test_a_key_that_can_only_be_read_is_refused():
    assert errors_of({"id": A_UUID}) == {"id": ("read_only", "This field can only be read.")}


@pytest.mark.parametrize("data", [[], "x", 1, None, True])
def test_the_whole_must_be_an_object(data):
    assert "" in errors_of(data)
