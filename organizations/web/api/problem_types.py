"""Every problem type that the API may return. Responses, pages and the OpenAPI document use this
table."""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class ProblemType(NamedTuple):
    """One type of problem. `explanation` says what happened, and `advice` what the client can
    do."""

    slug: str
    status: int
    title: str | Promise
    explanation: str | Promise
    advice: str | Promise


PROBLEM_TYPE_LIST = [
    ProblemType(
        "invalid-request",
        400,
        _("Invalid request"),
        _("Something in the request is not as it should be."),
        _("`errors` names each place and what was expected there. Correct it and send again."),
    ),
    ProblemType(
        "malformed-json",
        400,
        _("Malformed JSON"),
        _("The body is not one JSON object in UTF-8."),
        _("Send one object. NaN, lone surrogates and a name that stands twice are refused too."),
    ),
    ProblemType(
        "incomplete-body",
        400,
        _("Incomplete body"),
        _("The body ended before its announced length, its last chunk or its closing boundary."),
        _("Nothing was changed. Send the whole request again."),
    ),
    ProblemType(
        "invalid-idempotency-key",
        400,
        _("Invalid Idempotency-Key"),
        _("The Idempotency-Key header must be 8 to 255 characters of A-Z a-z 0-9 _ and -."),
        _("Send one such header, without quotes; a UUID is a good key."),
    ),
    ProblemType(
        "unauthorized",
        401,
        _("Unauthorized"),
        _("The request carries no API key that may be used."),
        _("Send `Authorization: Bearer pb_live_…` with a key that is neither revoked nor expired."),
    ),
    ProblemType(
        "forbidden",
        403,
        _("Forbidden"),
        _("The API key is good, but it may not do this."),
        _("Use a key whose role, scopes, organization and allowed networks permit it."),
    ),
    ProblemType(
        "limited-key",
        403,
        _("Limited key"),
        _(
            "An API key that expires or is limited to networks can neither invite people nor "
            "change or remove members."
        ),
        _("Use an admin's key without an expiry and without allowed networks, or the portal."),
    ),
    ProblemType(
        "not-found",
        404,
        _("Not found"),
        _("There is nothing here for your organization."),
        _("Check the path and the id. What belongs to another organization is not found either."),
    ),
    ProblemType(
        "method-not-allowed",
        405,
        _("Method not allowed"),
        _("This resource does not know the request's method."),
        _("The `Allow` header names the methods it knows."),
    ),
    ProblemType(
        "not-acceptable",
        406,
        _("Not acceptable"),
        _("This resource has no form that the `Accept` header asks for."),
        _("Leave the header out, or ask for a form that the documentation names."),
    ),
    ProblemType(
        "request-timeout",
        408,
        _("Request timeout"),
        _("The body came too slowly: 10 seconds, and one more for each 4,000 bytes, 300 at most."),
        _("Nothing was changed. Send the whole request again, or split it."),
    ),
    ProblemType(
        "conflict",
        409,
        _("Conflict"),
        _("The request contradicts the present state of things."),
        _("Read the resource again, then decide. With a `Retry-After` header, send again."),
    ),
    ProblemType(
        "number-taken",
        409,
        _("Number taken"),
        _("This phone number is held already."),
        _("A number has one holder at a time. If it is yours, find it in your list of numbers."),
    ),
    ProblemType(
        "number-being-removed",
        409,
        _("Number being removed"),
        _("This phone number is still being removed from the platforms that carried it."),
        _("Add it again when its removal has settled."),
    ),
    ProblemType(
        "number-not-assigned",
        409,
        _("Number not assigned"),
        _(
            "The organization may only hold numbers of its number pools, or may only use this "
            "carrier for them, and no pool of it allows this number here."
        ),
        _("`GET /v1/number-pools` lists the pools. Operators of the installation assign them."),
    ),
    ProblemType(
        "carrier-in-use",
        409,
        _("Carrier in use"),
        _("Phone numbers still use this carrier."),
        _("Remove or move the numbers named in `errors` first."),
    ),
    ProblemType(
        "carrier-failed",
        409,
        _("Carrier failed"),
        _("The carrier could not be set up, so nothing can be put on it."),
        _("Read the carrier's `error_message`, correct the carrier, and send again."),
    ),
    ProblemType(
        "already-member",
        409,
        _("Already a member"),
        _("This person is a member of the organization."),
        _("Change the member's role with PATCH."),
    ),
    ProblemType(
        "last-admin",
        409,
        _("Last admin"),
        _("The organization needs an admin, and this member is the only one."),
        _("Make somebody else an admin first."),
    ),
    ProblemType(
        "agent-in-use",
        409,
        _("Agent in use"),
        _("Phone numbers are still assigned to this agent."),
        _("Assign the numbers named in `errors` to another agent, or to none, first."),
    ),
    ProblemType(
        "agent-exists",
        409,
        _("Agent exists"),
        _("There is an agent with this id already."),
        _("Change that agent, or choose another id; without one, an id is made."),
    ),
    ProblemType(
        "integration-in-use",
        409,
        _("Integration in use"),
        _("Carriers or numbers are still set up on this integration."),
        _("Delete them first, and wait until they are gone from the platform."),
    ),
    ProblemType(
        "credentials-refused",
        409,
        _("Credentials refused"),
        _("The platform refused the new credentials; those of before stay in use."),
        _("Read the platform's reason in `detail`, correct the account, and send again."),
    ),
    ProblemType(
        "not-connected",
        409,
        _("Not connected"),
        _("The integration answers no question at present."),
        _("Read its `state` and `state_reason`; test it, or give it new credentials."),
    ),
    ProblemType(
        "platform-refused",
        409,
        _("Refused by the platform"),
        _("The platform did not answer the question, and says why."),
        _("Read the reason in `detail`. A platform that is only busy may be asked again later."),
    ),
    ProblemType(
        "not-possible-now",
        409,
        _("Not possible now"),
        _("The resource's present status does not allow this."),
        _("Read its `status`; wait while it is pending."),
    ),
    ProblemType(
        "quota-exceeded",
        409,
        _("Quota exceeded"),
        _("The organization has all that it may have of this."),
        _("`errors` names the quota, its limit and what is used. Free some, or ask an operator."),
    ),
    ProblemType(
        "idempotency-in-progress",
        409,
        _("Still in progress"),
        _("A request with this Idempotency-Key is being executed at this moment."),
        _("Send the same request again after the seconds in `Retry-After`."),
    ),
    ProblemType(
        "precondition-failed",
        412,
        _("Precondition failed"),
        _("The resource has changed since the version named in If-Match."),
        _("Read it again, look at what changed, and send with its new ETag."),
    ),
    ProblemType(
        "payload-too-large",
        413,
        _("Payload too large"),
        _("The body is larger than this resource accepts."),
        _("`detail` names the limit in bytes. Split the request."),
    ),
    ProblemType(
        "unsupported-media-type",
        415,
        _("Unsupported media type"),
        _("The body must be JSON."),
        _("Send `Content-Type: application/json`, in UTF-8 and not compressed."),
    ),
    ProblemType(
        "idempotency-mismatch",
        422,
        _("Idempotency-Key used before"),
        _("This Idempotency-Key came with another request in the last 24 hours."),
        _("Use a fresh key for each wish; repeat a request with exactly the same body."),
    ),
    ProblemType(
        "rate-limited",
        429,
        _("Too many requests"),
        _("Requests come faster than they are allowed to."),
        _("Wait the seconds in `Retry-After`. The `RateLimit-…` headers tell what is left."),
    ),
    ProblemType(
        "internal",
        500,
        _("Internal error"),
        _("Something went wrong in Patchbay; nothing was changed."),
        _("Send again. If it stays, tell the operator the request id in `instance`."),
    ),
    ProblemType(
        "server-busy",
        503,
        _("Server busy"),
        _("Too many large requests are arriving at the moment."),
        _("Nothing was changed. Send again after the seconds in `Retry-After`."),
    ),
    ProblemType(
        "database-unavailable",
        503,
        _("Database unavailable"),
        _("The database cannot be reached or is too busy."),
        _("Send again after the seconds in `Retry-After`, with the same Idempotency-Key."),
    ),
]
PROBLEM_TYPES: dict[str, ProblemType] = {kind.slug: kind for kind in PROBLEM_TYPE_LIST}
