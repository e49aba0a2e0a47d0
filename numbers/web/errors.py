"""Translation of the errors of operations into problems of /v1."""

from collections.abc import Iterator
from contextlib import contextmanager

from numbers.inventory.acquisition import NoUsableIntegration
from numbers.inventory.agents import AgentExists, AgentInUse
from numbers.inventory.reservation import (
    CarrierUnavailable,
    NumberNotSupplied,
    NumberOutsidePools,
    NumberStateConflict,
    NumberTaken,
)
from organizations.web.api.problems import Problem, field_error, invalid_request_problem


@contextmanager
def translate_number_errors(*, integration_at: str = "integration_id") -> Iterator[None]:
    """Translates the errors of operations. `integration_at` is the field that selected the
    integration."""
    try:
        yield
    except NumberTaken as error:
        raise number_taken_problem([("number", error)]) from error
    except CarrierUnavailable as error:
        raise carrier_problem(error) from error
    except NoUsableIntegration as error:
        raise invalid_request_problem(
            field_error(integration_at, str(error), "unusable")
        ) from error
    except NumberNotSupplied as error:
        raise invalid_request_problem(field_error("release", str(error))) from error
    except NumberOutsidePools as error:
        raise number_not_assigned_problem([("number", error)]) from error
    except NumberStateConflict as error:
        raise Problem(
            "not-possible-now", str(error), errors=[field_error("status", str(error))]
        ) from error
    except AgentExists as error:
        place = field_error("agent_id", str(error), "taken")
        raise Problem("agent-exists", str(error), errors=[place]) from error
    except AgentInUse as error:
        numbers = [field_error("numbers", number, "in_use") for number in error.numbers]
        raise Problem("agent-in-use", str(error), errors=numbers) from error


def number_taken_problem(taken: list[tuple[str, NumberTaken]]) -> Problem:
    """Returns one problem for all numbers that are taken, each with its path in the request."""
    removing = all(error.being_removed for _path, error in taken)
    errors = [field_error(path, str(error), "taken") for path, error in taken]
    detail = " ".join(error["message"] for error in errors)
    return Problem("number-being-removed" if removing else "number-taken", detail, errors=errors)


def number_not_assigned_problem(refused: list[tuple[str, NumberOutsidePools]]) -> Problem:
    """Returns one problem for all numbers that no pool of the organization contains, each with its
    path."""
    errors = [field_error(path, str(error), "not-assigned") for path, error in refused]
    detail = " ".join(error["message"] for error in errors)
    return Problem("number-not-assigned", detail, errors=errors)


def carrier_problem(error: CarrierUnavailable) -> Problem:
    place = field_error("voip_carrier_sid", str(error), "failed" if error.failed else "unknown")
    return (
        Problem("carrier-failed", str(error), errors=[place])
        if error.failed
        else invalid_request_problem(place)
    )
