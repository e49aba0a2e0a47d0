"""Translation of the errors of operations into problems in Butter's wording."""

from collections.abc import Iterator
from contextlib import contextmanager

from numbers.inventory.acquisition import NoUsableIntegration
from numbers.inventory.reservation import NumberStateConflict, NumberTaken
from organizations.web.api.problems import Problem, field_error, invalid_request_problem


@contextmanager
def translate_operation_errors() -> Iterator[None]:
    try:
        yield
    except NumberTaken as error:
        if error.being_removed:  # only for numbers of the requester
            raise Problem("number-being-removed", str(error)) from error
        raise Problem("number-taken", "Phone number already exists in the system.") from error
    except NoUsableIntegration as error:
        raise invalid_request_problem(field_error("integration_id", str(error))) from error
    except NumberStateConflict as error:
        raise Problem("not-possible-now", str(error)) from error
