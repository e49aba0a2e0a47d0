"""What operations refuse, as problems of /v1."""

from collections.abc import Iterator
from contextlib import contextmanager

from numbers.inventory.acquisition import NoIntegration
from numbers.inventory.agents import AgentExists, AgentInUse
from numbers.inventory.reservation import (
    NoCarrier,
    NotPossibleNow,
    NotSupplied,
    NumberTaken,
    OutsidePools,
)
from organizations.web.api.problems import Problem, field_error, invalid


@contextmanager
def told(*, integration_at: str = "integration_id") -> Iterator[None]:
    """`integration_at` is the field that chose the integration."""
    try:
        yield
    except NumberTaken as error:
        raise taken_problem([("number", error)]) from error
    except NoCarrier as error:
        raise carrier_problem(error) from error
    except NoIntegration as error:
        raise invalid(field_error(integration_at, str(error), "unusable")) from error
    except NotSupplied as error:
        raise invalid(field_error("release", str(error))) from error
    except OutsidePools as error:
        raise outside_problem([("number", error)]) from error
    except NotPossibleNow as error:
        raise Problem(
            "not-possible-now", str(error), errors=[field_error("status", str(error))]
        ) from error
    except AgentExists as error:
        place = field_error("agent_id", str(error), "taken")
        raise Problem("agent-exists", str(error), errors=[place]) from error
    except AgentInUse as error:
        numbers = [field_error("numbers", number, "in_use") for number in error.numbers]
        raise Problem("agent-in-use", str(error), errors=numbers) from error


def taken_problem(taken: list[tuple[str, NumberTaken]]) -> Problem:
    """One problem for all numbers that are held already, each by its place in the request."""
    removing = all(error.being_removed for _path, error in taken)
    errors = [field_error(path, str(error), "taken") for path, error in taken]
    detail = " ".join(error["message"] for error in errors)
    return Problem("number-being-removed" if removing else "number-taken", detail, errors=errors)


def outside_problem(refused: list[tuple[str, OutsidePools]]) -> Problem:
    """One problem for all numbers that no pool of the organization allows, each by its place."""
    errors = [field_error(path, str(error), "not-assigned") for path, error in refused]
    detail = " ".join(error["message"] for error in errors)
    return Problem("number-not-assigned", detail, errors=errors)


def carrier_problem(error: NoCarrier) -> Problem:
    place = field_error("voip_carrier_sid", str(error), "failed" if error.failed else "unknown")
    return Problem("carrier-failed", str(error), errors=[place]) if error.failed else invalid(place)
