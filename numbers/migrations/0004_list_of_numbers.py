"""The functions and indexes by which the list of numbers is searched and sorted."""

import django.contrib.postgres.indexes
from django.db import migrations, models
from django.db.models.functions import Coalesce, Collate, Lower, NullIf

import numbers.search.ngram_search

# Both begin every gram with a mark of the organization; see numbers/search/ngram_search.py. plpgsql, as SQL
# with generate_series takes five times as long.
CUT_NUMBERS = """
CREATE FUNCTION phone_number_grams(organization uuid, e164 text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    mark text := left(organization::text, 8);
    grams text[] := ARRAY[
        mark || '$' || right(e164, 1), mark || '$' || right(e164, 2), mark || '$' || right(e164, 3)
    ];
BEGIN
    FOR place IN 2 .. length(e164) - 3 LOOP
        grams := grams || (mark || substr(e164, place, 4));
    END LOOP;
    RETURN grams;
END $$
"""
CUT_LABELS = """
CREATE FUNCTION phone_label_grams(organization uuid, label text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    mark text := left(organization::text, 8);
    small text := lower(label);
    grams text[] := '{}';
BEGIN
    FOR place IN 1 .. length(small) - 2 LOOP
        grams := grams || (mark || substr(small, place, 3));
    END LOOP;
    RETURN grams;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("numbers", "0003_batches")]

    operations = [
        # A million numbers take half a minute, which is more than a web request may.
        migrations.RunSQL("SET LOCAL statement_timeout = 0", migrations.RunSQL.noop),
        migrations.RunSQL(CUT_NUMBERS, "DROP FUNCTION phone_number_grams(uuid, text)"),
        migrations.RunSQL(CUT_LABELS, "DROP FUNCTION phone_label_grams(uuid, text)"),
        migrations.AddIndex(
            model_name="phonenumber",
            index=models.Index(
                fields=["organization", "-updated_at", "-id"], name="phone_number_changed"
            ),
        ),
        migrations.AddIndex(
            model_name="phonenumber",
            index=models.Index(
                models.F("organization"),
                Collate(
                    Coalesce(
                        Lower(NullIf("label", models.Value(""))), models.Value("\U0010ffff")
                    ),
                    "C",
                ),
                models.F("id"),
                name="phone_number_label",
            ),
        ),
        migrations.AddIndex(
            model_name="phonenumber",
            index=django.contrib.postgres.indexes.GinIndex(
                numbers.search.ngram_search.NumberGrams("organization", "e164"),
                numbers.search.ngram_search.LabelGrams("organization", "label"),
                name="phone_number_grams",
            ),
        ),
    ]
