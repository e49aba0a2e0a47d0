from django.db import migrations

# Asked by a policy (numbers/row_level_security.py) of carriers that are neither one's own nor the
# installation's. A function, as the queries in it would else be prepared for each list of numbers,
# where hardly any row asks them.
FUNCTION = """
CREATE FUNCTION uses_carrier(carrier uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    here uuid := nullif(current_setting('patchbay.organization', true), '')::uuid;
BEGIN
    RETURN EXISTS (SELECT FROM numbers_phonenumber n
                   WHERE n.carrier_id = $1 AND n.organization_id = here)
        OR EXISTS (SELECT FROM numbers_numberpool p
                   WHERE p.carrier_id = $1 AND p.organization_id = here);
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("numbers", "0015_counts_of_figures")]

    operations = [migrations.RunSQL(FUNCTION, "DROP FUNCTION uses_carrier(uuid)")]
