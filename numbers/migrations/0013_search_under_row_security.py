"""Searching and sorting by indexes under row-level security (see numbers/search/ngram_search.py).

The table is written anew for the column, which takes about a minute for a million numbers.
"""

import django.db.models.functions.comparison
import django.db.models.functions.text
from django.db import migrations, models

FUNCTIONS = """
CREATE FUNCTION phone_numbers_with(organization uuid, grams text[]) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 500 AS $$
    SELECT n.id FROM numbers_phonenumber n
    WHERE n.organization_id = $1 AND phone_number_grams(n.organization_id, n.e164) @> $2
$$;
CREATE FUNCTION phone_labels_with(organization uuid, text text) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 500 AS $$
    SELECT n.id FROM numbers_phonenumber n
    WHERE n.organization_id = $1
      AND phone_label_grams(n.organization_id, n.label) @> phone_label_grams($1, $2)
$$;
"""
NO_FUNCTIONS = """
DROP FUNCTION phone_numbers_with(uuid, text[]);
DROP FUNCTION phone_labels_with(uuid, text);
"""


class Migration(migrations.Migration):
    dependencies = [("numbers", "0012_one_holder_per_line")]

    operations = [
        migrations.RunSQL("SET LOCAL statement_timeout = 0", migrations.RunSQL.noop),
        migrations.RemoveIndex("phonenumber", "phone_number_label"),
        migrations.AddField(
            "phonenumber",
            "label_key",
            models.GeneratedField(
                db_persist=True,
                expression=django.db.models.functions.comparison.Collate(
                    django.db.models.functions.comparison.Coalesce(
                        django.db.models.functions.text.Lower(
                            django.db.models.functions.comparison.NullIf("label", models.Value(""))
                        ),
                        models.Value("\U0010ffff"),
                    ),
                    "C",
                ),
                output_field=models.TextField(db_collation="C"),
            ),
        ),
        migrations.AddIndex(
            "phonenumber",
            models.Index(fields=["organization", "label_key", "id"], name="phone_number_label"),
        ),
        migrations.RunSQL(FUNCTIONS, NO_FUNCTIONS),
    ]
