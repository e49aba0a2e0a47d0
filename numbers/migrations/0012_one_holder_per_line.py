"""A number that an earlier version stored in a second spelling keeps its line: the canonical spelling
cannot be added beside it."""

from django.db import migrations, models
from django.db.models.functions import Coalesce

from numbers.numbering.e164 import find_canonical_e164


def keep_lines(apps, schema_editor) -> None:
    """Of two spellings of one line the first one keeps it; `manage.py check_numbers` names both."""
    live = apps.get_model("numbers", "PhoneNumber").objects.filter(released_at=None)
    pairs = live.order_by("pk").values_list("pk", "e164").iterator(chunk_size=2000)
    kept = set()
    for key, e164 in pairs:
        spelled = find_canonical_e164(e164)
        if spelled in (None, e164) or spelled in kept or live.filter(e164=spelled).exists():
            continue
        kept.add(spelled)
        live.filter(pk=key).update(canonical_e164=spelled)


class Migration(migrations.Migration):
    dependencies = [("numbers", "0011_canonical_e164")]

    operations = [
        migrations.RunPython(keep_lines, migrations.RunPython.noop),
        migrations.RemoveConstraint("phonenumber", "phone_number_one_holder"),
        migrations.AddConstraint(
            "phonenumber",
            models.UniqueConstraint(
                Coalesce(
                    "canonical_e164", "e164", output_field=models.CharField(max_length=16)
                ),
                condition=models.Q(released_at=None),
                name="phone_number_one_holder",
            ),
        ),
    ]
