"""Around every verb of a provider: a reply of any shape ends as a ProviderError with a reason.

The replies are read by provider code that expects what the platform documents. What it stumbles
over is the platform's doing when there was a reply at all, so it is told as that, with the request
and what was wrong. What a verb returns is checked here as well: it is stored and shown.
"""

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from itertools import islice
from typing import Any

from integrations.http.response_body import one_line
from integrations.providers.base import (
    AvailableNumber,
    CheckResult,
    InventoryItem,
    Observed,
    Provider,
    ProviderError,
    Refs,
    SearchQuery,
    Spec,
    Step,
    unexpected,
)

logger = logging.getLogger(__name__)

STUMBLES = (
    LookupError,
    TypeError,
    AttributeError,
    ValueError,
    ArithmeticError,
    RecursionError,
    MemoryError,
)
LONGEST_REFS = 64 * 1024  # characters: the ids of one object, names and values together
LONGEST_FACT, MOST_FACTS = 2000, 50
LONGEST_TEXT, MOST_CAPABILITIES = 200, 10


class Odd(ValueError):
    """What a provider returned cannot be kept; the text says what is wrong with it."""


class Guarded:
    """A provider whose verbs raise ProviderErrors, and nothing else once a platform has replied."""

    def __init__(self, provider: Provider):
        self._provider = provider

    def __getattr__(self, name: str) -> Any:
        return getattr(self._provider, name)

    def check(self) -> CheckResult:
        with self._reading():
            return short_check(self._provider.check())

    def observe(self, spec: Spec) -> Observed:
        with self._reading():
            observed = self._provider.observe(spec)
            return replace(observed, refs=checked_refs(observed.refs))

    def plan(self, spec: Spec, observed: Observed) -> list[Step]:
        with self._reading():
            return self._steps(self._provider.plan(spec, observed))

    def plan_removal(self, spec: Spec, observed: Observed) -> list[Step]:
        with self._reading():
            return self._steps(self._provider.plan_removal(spec, observed))

    def plan_merge(self, spec: Spec, observed: Observed) -> list[Step]:
        with self._reading():
            return self._steps(self._provider.plan_merge(spec, observed))

    def inventory(self) -> Iterator[InventoryItem]:
        with self._reading():
            for item in self._provider.inventory():
                yield short_item(item)

    def search(self, query: SearchQuery) -> list[AvailableNumber]:
        with self._reading():
            return [short_offer(offer) for offer in self._provider.search(query)]

    def _steps(self, steps: list[Step]) -> list[Step]:
        return [Step(one_line(step.summary, 300), self._running(step)) for step in steps]

    def _running(self, step: Step) -> Any:
        def run(refs: Refs) -> Refs:
            with self._reading():
                return checked_refs(step.run(refs))

        return run

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except ProviderError:
            raise
        except STUMBLES as error:
            if not getattr(self._provider.door, "calls", 0):
                raise  # a mistake of ours: nothing was read yet
            raise self._unexpected(error) from None

    def _unexpected(self, error: Exception) -> ProviderError:
        """The log gets the place in our code, and never what the platform said: it may be long, or
        a secret."""
        place = traceback.extract_tb(error.__traceback__)[-1]
        request, reads = self._provider.door.last_call
        asked = one_line(request, 300)
        logger.warning("%s: %s at %s:%s", asked, type(error).__name__, *place[:2])
        what = one_line(self._provider.door.redact(wrong_with(error)), 200)
        sentence = f"{self._provider.title} answered {asked} with something not understood: {what}."
        return unexpected(sentence, reads=reads)


def wrong_with(error: Exception) -> str:
    if isinstance(error, Odd):
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


def checked_refs(refs: Any) -> Refs:
    """Ids are compared and sent back, so an odd one is refused and not mended. Raises Odd."""
    for name, ref in refs.items():
        if not isinstance(name, str) or not isinstance(ref, str):
            raise Odd(f"the id “{name}” is no text")
        if one_line(ref, len(ref)) != ref.strip() or one_line(name, len(name)) != name:
            raise Odd(f"the id “{name}” has control characters")
    if sum(len(name) + len(ref) for name, ref in refs.items()) > LONGEST_REFS:
        raise Odd("its ids are too long to be kept")
    return refs


def short_check(result: CheckResult) -> CheckResult:
    facts = {
        one_line(str(name), 100): one_line(str(value), LONGEST_FACT)
        for name, value in islice(result.facts.items(), MOST_FACTS)
    }
    return CheckResult(one_line(result.summary, LONGEST_FACT), facts)


def short_item(item: InventoryItem) -> InventoryItem:
    return replace(
        item,
        name=text_of(item.name),
        label=text_of(item.label),
        refs=checked_refs(item.refs),
        capabilities=short_texts(item.capabilities),
    )


def short_offer(offer: AvailableNumber) -> AvailableNumber:
    texts = {
        field.name: text_of(getattr(offer, field.name))
        for field in fields(offer)
        if field.name not in ("capabilities", "beta") and getattr(offer, field.name) is not None
    }
    return replace(offer, **texts, capabilities=short_texts(offer.capabilities))


def short_texts(texts: Any) -> tuple[str, ...]:
    return tuple(text_of(text)[:20] for text in islice(texts, MOST_CAPABILITIES))


def text_of(value: Any) -> str:
    if not isinstance(value, str):
        raise Odd("a text is expected where there is none")
    return one_line(value, LONGEST_TEXT)
