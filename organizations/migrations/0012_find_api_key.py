from django.db import migrations

# Nobody is known yet when a key is looked for, so no policy can say whose rows may be seen. The web
# gets this one door: a key by its public id, with what it takes to know whether it may act.
# plpgsql keeps the plan.
FUNCTION = """
CREATE FUNCTION find_api_key(public_id text) RETURNS TABLE (
    key organizations_apikey, organization organizations_organization,
    is_active boolean, owner_role text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
BEGIN
    RETURN QUERY SELECT k, o, u.is_active, m.role::text
    FROM organizations_apikey k
    JOIN organizations_organization o ON o.id = k.organization_id
    JOIN organizations_user u ON u.id = k.owner_id
    LEFT JOIN organizations_membership m
      ON m.organization_id = k.organization_id AND m.user_id = k.owner_id
    WHERE k.key_id = $1;
END $$;
REVOKE ALL ON FUNCTION find_api_key(text) FROM PUBLIC;
"""


class Migration(migrations.Migration):
    dependencies = [("organizations", "0011_numbers_limited")]

    operations = [migrations.RunSQL(FUNCTION, "DROP FUNCTION find_api_key(text)")]
