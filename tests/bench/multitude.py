"""Many numbers, made by PostgreSQL itself: no other way makes a million within a minute."""

from tests.bench.installation import Installation

NGRAM_INDEX_SQL = "SELECT indexdef FROM pg_indexes WHERE indexname = 'phone_number_grams'"
# As make up would have them after years: countries, states and labels unevenly.
INSERT_NUMBERS_SQL = """
INSERT INTO numbers_phonenumber (id, public_id, phone_number_sid, organization_id, e164, carrier_id,
    label, source, status, wanted, inbound_agent_id, version, created_at, updated_at, released_at)
SELECT gen_random_uuid(), 'many_' || n, gen_random_uuid(), carrier.organization_id,
    CASE WHEN n % 10 = 0 THEN '+44' || 2070000000 + n::bigint * 7
         WHEN n % 10 = 1 THEN '+49' || 3010000000 + n::bigint * 11
         WHEN n % 500 = 2 THEN '+371' || 20000000 + n
         ELSE '+1' || (ARRAY[415, 212, 310, 646])[1 + n / 10 % 4] || lpad(n::text, 7, '0') END,
    CASE WHEN n % 4 > 0 THEN carrier.id END,
    CASE WHEN n % 3 > 0 THEN (ARRAY['Support', 'Sales', 'Front desk', 'Clinic'])[1 + n % 4] || ' '
        || (ARRAY['London', 'Berlin', 'Paris', 'Miami', 'Oslo'])[1 + n / 7 % 5] || ' ' || n / 100
    END,
    CASE WHEN n % 4 > 0 THEN 'byoc' ELSE 'import' END, state,
    CASE WHEN state IN ('deleted', 'inactive') THEN state ELSE 'active' END,
    CASE WHEN n % 5 = 0 THEN 'agent_' || n % 50 END, 3,
    now() - n * interval '13 s', now() - n::bigint * 7919 % 1000003 * interval '11 s',
    CASE WHEN state = 'deleted' THEN now() END
FROM generate_series(1, {rows}) n, carriers_carrier carrier,
    LATERAL (SELECT CASE WHEN n % 20 < 15 THEN 'active' WHEN n % 20 < 17 THEN 'inactive'
        WHEN n % 20 = 17 THEN 'failed' WHEN n % 10000 = 18 THEN 'pending' ELSE 'deleted' END
    ) s(state)
WHERE carrier.is_default
"""
INSERT_PLACEMENTS_SQL = """
INSERT INTO numbers_placement (id, organization_id, phone_number_id, integration_id, role, state,
    refs)
SELECT gen_random_uuid(), number.organization_id, number.id, integration.id, 'voice', 'settled',
    '{}'
FROM numbers_phonenumber number, integrations_integration integration
WHERE number.public_id LIKE 'many\\_%'
"""
# One operation of each, like one that is there.
INSERT_OPERATIONS_SQL = """
INSERT INTO integrations_operation
SELECT (jsonb_populate_record(example, jsonb_build_object(
    'id', gen_random_uuid(), 'subject_id', placement.id))).*
FROM integrations_operation example,
    numbers_placement placement JOIN numbers_phonenumber number ON number.id = phone_number_id
WHERE example.id = (SELECT id FROM integrations_operation
    WHERE subject_kind = 'placement' AND status = 'done' LIMIT 1)
  AND number.public_id LIKE 'many\\_%'
"""


def insert_many_numbers(
    installation: Installation, rows: int, *, more: tuple[str, ...] = ()
) -> None:
    """The search index is built at the end, which takes a tenth of the time."""
    ((definition,),) = installation.sql(NGRAM_INDEX_SQL)
    for statement in (
        "DROP INDEX phone_number_grams",
        INSERT_NUMBERS_SQL,
        definition,
        INSERT_PLACEMENTS_SQL,
        *more,
    ):
        installation.sql(statement.replace("{rows}", str(rows)))
    installation.sql("VACUUM ANALYZE")
