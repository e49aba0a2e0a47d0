"""What operations refuse, as problems of /v1."""

from collections.abc import Iterator
from contextlib import contextmanager

from numbers.operations import NoCarrier, NotPossibleNow, NumberTaken
from organizations.api.problems import Problem, field_error, invalid


@contextmanager
def told() -> Iterator[None]:
    try:
        yield
    except NumberTaken as error:
        slug = "number-being-removed" if error.being_removed else "number-taken"
        raise Problem(
            slug, str(error), errors=[field_error("number", str(error), "taken")]
        ) from error
    except NoCarrier as error:
        place = field_error("voip_carrier_sid", str(error), "failed" if error.failed else "unknown")
        raise (
            Problem("carrier-failed", str(error), errors=[place])
            if error.failed
            else invalid(place)
        ) from error
    except NotPossibleNow as error:
        raise Problem(
            "not-possible-now", str(error), errors=[field_error("status", str(error))]
        ) from error
