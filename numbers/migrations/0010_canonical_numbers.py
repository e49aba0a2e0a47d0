"""Numbers that are only recorded get the canonical spelling of E.164, where nobody holds it yet.

What is on a platform is left as it is, for operators to look at: `manage.py check_numbers`.
"""

import phonenumbers
from django.db import IntegrityError, migrations, transaction
from django.db.models.functions import Now


def canonical(text):
    """None where libphonenumber finds none."""
    for _step in range(5):
        try:
            number = phonenumbers.parse(text, None)
        except phonenumbers.NumberParseException:
            return None
        written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        if written == text:
            return text if phonenumbers.is_possible_number(number) else None
        text = written
    return None


def correct(apps, schema_editor) -> None:
    live = apps.get_model("numbers", "PhoneNumber").objects.filter(released_at=None)
    pairs = live.order_by("pk").values_list("pk", "e164").iterator(chunk_size=2000)
    wrong = [(key, e164, spelled) for key, e164 in pairs if (spelled := canonical(e164)) != e164]
    left = [e164 for key, e164, spelled in wrong if not try_to(apps, live, key, e164, spelled)]
    if left:
        print(
            f"\n    Phone numbers that are not canonical E.164, left as they are: {len(left)}."
            " `manage.py check_numbers` lists them, with what to do.",
            end="",
        )


def try_to(apps, live, key, e164, spelled) -> bool:
    """Whether the number has the spelling now: only where it is on no platform, and nobody's."""
    recorded = live.filter(pk=key, placements=None).exclude(status="deleted")
    number = recorded.first()
    if spelled is None or number is None or live.filter(e164=spelled).exists():
        return False
    try:
        with transaction.atomic():
            changed = {"version": number.version + 1, "updated_at": Now()}
            live.filter(pk=key).update(e164=spelled, **changed)
    except IntegrityError:
        return False
    apps.get_model("organizations", "Event").objects.create(
        organization_id=number.organization_id,
        actor_kind="system",
        actor_label="Patchbay",
        action="phone_number.changed",
        subject_kind="phone_number",
        subject_id=key,
        subject_label=spelled,
        before={"number": e164},
        after={"number": spelled},
    )
    return True


class Migration(migrations.Migration):
    dependencies = [("numbers", "0009_column_mapping"), ("organizations", "0006_words")]

    operations = [migrations.RunPython(correct, migrations.RunPython.noop)]
