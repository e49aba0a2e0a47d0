"""Events say where they came from, and are sealed in a chain when they commit."""

import django.db.models.deletion
from django.db import migrations, models

# Which fields, in which order, and how each is written: audit_chain.py reads the same.
FUNCTIONS = """
CREATE FUNCTION organizations_sized(value text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(octet_length(convert_to(value, 'UTF8')) || ':' || value, '-')
$$;

-- As the owner: whoever writes events has no rights to the seals.
CREATE FUNCTION organizations_seal_event() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO organizations_seal (event_id, organization_id) VALUES (NEW.id, NEW.organization_id);
  RETURN NULL;
END $$;

CREATE FUNCTION organizations_seal() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  place bigint;
  previous bytea;
BEGIN
  -- Held until the commit, so that the order of the chain is that of the commits.
  PERFORM pg_advisory_xact_lock(hashtextextended(NEW.organization_id::text, 7365616));
  SELECT position, digest INTO place, previous FROM organizations_seal
    WHERE organization_id = NEW.organization_id AND position IS NOT NULL
    ORDER BY position DESC LIMIT 1;
  UPDATE organizations_seal SET position = coalesce(place, 0) + 1, digest = (
    SELECT sha256(coalesce(previous, '') || convert_to(
      organizations_sized(e.id::text)
      || organizations_sized(e.organization_id::text)
      || organizations_sized((extract(epoch FROM e.at) * 1000000)::bigint::text)
      || organizations_sized(e.actor_kind)
      || organizations_sized(e.actor_id)
      || organizations_sized(e.actor_label)
      || organizations_sized(e.action)
      || organizations_sized(e.subject_kind)
      || organizations_sized(e.subject_id::text)
      || organizations_sized(e.subject_label)
      || organizations_sized(e.before::text)
      || organizations_sized(e.after::text)
      || organizations_sized(e.request_id::text)
      || organizations_sized(host(e.client_address))
      || organizations_sized(e.outcome), 'UTF8'))
    FROM organizations_event e WHERE e.id = NEW.event_id)
  WHERE event_id = NEW.event_id;
  RETURN NULL;
END $$;
"""
# In two steps: what a deferred trigger defers comes after all that the transaction has deferred, as
# are the checks of foreign keys. Those may wait for another transaction, which must not happen under
# the lock of the chain.
TRIGGERS = """
CREATE CONSTRAINT TRIGGER organizations_seal AFTER INSERT ON organizations_seal
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION organizations_seal();

INSERT INTO organizations_seal (event_id, organization_id)
SELECT id, organization_id FROM organizations_event ORDER BY id;
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;

CREATE CONSTRAINT TRIGGER organizations_event_seal AFTER INSERT ON organizations_event
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION organizations_seal_event();
"""
NO_TRIGGERS = """
DROP TRIGGER organizations_event_seal ON organizations_event;
DROP TRIGGER organizations_seal ON organizations_seal;
"""
NO_FUNCTIONS = """
DROP FUNCTION organizations_seal_event();
DROP FUNCTION organizations_seal();
DROP FUNCTION organizations_sized(text);
"""


class Migration(migrations.Migration):
    dependencies = [("organizations", "0007_key_rotation")]

    operations = [
        migrations.AddField(
            "event",
            "client_address",
            models.GenericIPAddressField(null=True, verbose_name="address"),
        ),
        migrations.AddField(
            "event",
            "outcome",
            models.CharField(
                choices=[("accepted", "accepted"), ("refused", "refused")],
                db_default="accepted",
                default="accepted",
                max_length=10,
                verbose_name="outcome",
            ),
        ),
        migrations.CreateModel(
            name="Seal",
            fields=[
                ("event_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("position", models.BigIntegerField(null=True)),
                ("digest", models.BinaryField(max_length=32, null=True)),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="seals",
                        to="organizations.organization",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organization", "position"), name="seal_position"
                    )
                ],
            },
        ),
        migrations.RunSQL(FUNCTIONS, NO_FUNCTIONS),
        migrations.RunSQL(TRIGGERS, NO_TRIGGERS),
    ]
