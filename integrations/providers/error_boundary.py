"""Wraps every method of a provider, so that a response of any shape ends as a ProviderError with a
reason.

Provider code expects the responses that the platform documents. If it fails after there was a
response, the platform's response is the cause, so the error is reported as an unexpected response,
with the request and what was wrong. What a method returns is also validated here, because it is
stored and shown.
"""

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from itertools import islice
from typing import Any

from integrations.http.response_body import shorten_to_line
from integrations.providers.base import (
    AvailableNumber,
    CheckResult,
    ExternalIds,
    InventoryItem,
    ObservedState,
    Provider,
    ProviderError,
    SearchQuery,
    Spec,
    Step,
    build_unexpected_response,
)

logger = logging.getLogger(__name__)

PARSING_ERRORS = (
    LookupError,
    TypeError,
    AttributeError,
    ValueError,
    ArithmeticError,
    RecursionError,
    MemoryError,
)
MAX_IDS_LENGTH = 64 * 1024  # characters: names and values of one object's ids together
MAX_FACT_LENGTH, MAX_FACTS = 2000, 50
MAX_TEXT_LENGTH, MAX_CAPABILITIES = 200, 10


class InvalidProviderResult(ValueError):
    """Raised when what a provider returned cannot be stored; the text says what is wrong with
    it."""


class GuardedProvider:
    """A provider whose methods raise nothing but ProviderErrors once a platform has responded."""

    def __init__(self, provider: Provider):
        self._provider = provider

    def __getattr__(self, name: str) -> Any:
        return getattr(self._provider, name)

    def check(self) -> CheckResult:
        with self._reading():
            return shorten_check_result(self._provider.check())

    def observe(self, spec: Spec) -> ObservedState:
        with self._reading():
            observed = self._provider.observe(spec)
            return replace(observed, refs=validate_external_ids(observed.refs))

    def plan(self, spec: Spec, observed: ObservedState) -> list[Step]:
        with self._reading():
            return self._steps(self._provider.plan(spec, observed))

    def plan_removal(self, spec: Spec, observed: ObservedState) -> list[Step]:
        with self._reading():
            return self._steps(self._provider.plan_removal(spec, observed))

    def plan_merge(self, spec: Spec, observed: ObservedState) -> list[Step]:
        with self._reading():
            return self._steps(self._provider.plan_merge(spec, observed))

    def inventory(self) -> Iterator[InventoryItem]:
        with self._reading():
            for item in self._provider.inventory():
                yield clean_inventory_item(item)

    def search(self, query: SearchQuery) -> list[AvailableNumber]:
        with self._reading():
            return [clean_available_number(offer) for offer in self._provider.search(query)]

    def _steps(self, steps: list[Step]) -> list[Step]:
        return [Step(shorten_to_line(step.summary, 300), self._running(step)) for step in steps]

    def _running(self, step: Step) -> Any:
        def run(refs: ExternalIds) -> ExternalIds:
            with self._reading():
                return validate_external_ids(step.run(refs))

        return run

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except ProviderError:
            raise
        except PARSING_ERRORS as error:
            if not getattr(self._provider.door, "calls", 0):
                raise  # an error in Patchbay: nothing was read yet
            raise self._unexpected(error) from None

    def _unexpected(self, error: Exception) -> ProviderError:
        """Returns the error for an unexpected response. Logs only the place in the code and never
        the response, which may be long or contain a secret."""
        place = traceback.extract_tb(error.__traceback__)[-1]
        request, reads = self._provider.door.last_call
        asked = shorten_to_line(request, 300)
        logger.warning("%s: %s at %s:%s", asked, type(error).__name__, *place[:2])
        what = shorten_to_line(self._provider.door.redact(describe_parsing_error(error)), 200)
        sentence = f"{self._provider.title} answered {asked} with something not understood: {what}."
        return build_unexpected_response(sentence, reads=reads)


def describe_parsing_error(error: Exception) -> str:
    if isinstance(error, InvalidProviderResult):
        return str(error)
    if isinstance(error, KeyError) and error.args:
        return f"“{error.args[0]}” is missing"
    if isinstance(error, MemoryError):
        return "it takes more memory than a worker has"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, (TypeError, AttributeError)):
        return "a value is of another type than expected"
    return "a value is not as expected"


def validate_external_ids(refs: Any) -> ExternalIds:
    """Returns the ids unchanged. Ids are compared and sent back, so an invalid one is refused
    instead of corrected. Raises InvalidProviderResult."""
    for name, ref in refs.items():
        if not isinstance(name, str) or not isinstance(ref, str):
            raise InvalidProviderResult(f"the id “{name}” is no text")
        if (
            shorten_to_line(ref, len(ref)) != ref.strip()
            or shorten_to_line(name, len(name)) != name
        ):
            raise InvalidProviderResult(f"the id “{name}” has control characters")
    if sum(len(name) + len(ref) for name, ref in refs.items()) > MAX_IDS_LENGTH:
        raise InvalidProviderResult("its ids are too long to be kept")
    return refs


def shorten_check_result(result: CheckResult) -> CheckResult:
    facts = {
        shorten_to_line(str(name), 100): shorten_to_line(str(value), MAX_FACT_LENGTH)
        for name, value in islice(result.facts.items(), MAX_FACTS)
    }
    return CheckResult(shorten_to_line(result.summary, MAX_FACT_LENGTH), facts)


def clean_inventory_item(item: InventoryItem) -> InventoryItem:
    return replace(
        item,
        name=validate_short_text(item.name),
        label=validate_short_text(item.label),
        refs=validate_external_ids(item.refs),
        capabilities=shorten_capabilities(item.capabilities),
    )


def clean_available_number(offer: AvailableNumber) -> AvailableNumber:
    texts = {
        field.name: validate_short_text(getattr(offer, field.name))
        for field in fields(offer)
        if field.name not in ("capabilities", "beta") and getattr(offer, field.name) is not None
    }
    return replace(offer, **texts, capabilities=shorten_capabilities(offer.capabilities))


def shorten_capabilities(texts: Any) -> tuple[str, ...]:
    return tuple(validate_short_text(text)[:20] for text in islice(texts, MAX_CAPABILITIES))


def validate_short_text(value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidProviderResult("a text is expected where there is none")
    return shorten_to_line(value, MAX_TEXT_LENGTH)
