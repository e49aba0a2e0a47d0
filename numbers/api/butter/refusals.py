"""What operations refuse, as problems with Butter's words."""

from collections.abc import Iterator
from contextlib import contextmanager

from numbers.api.refusals import outside_problem
from numbers.holding import NotPossibleNow, NumberTaken, OutsidePools
from numbers.importing import NoIntegration
from organizations.api.problems import Problem, field_error, invalid


@contextmanager
def told() -> Iterator[None]:
    try:
        yield
    except NumberTaken as error:
        if error.being_removed:  # said only of the asker's own
            raise Problem("number-being-removed", str(error)) from error
        raise Problem("number-taken", "Phone number already exists in the system.") from error
    except NoIntegration as error:
        raise invalid(field_error("integration_id", str(error))) from error
    except OutsidePools as error:
        raise outside_problem([("phone_number", error)]) from error
    except NotPossibleNow as error:
        raise Problem("not-possible-now", str(error)) from error
