"""E-mails are stored in small letters, and looked up so."""

from django.db import IntegrityError, migrations, transaction


def lower(apps, schema_editor) -> None:
    for name in ("User", "Invitation"):
        rows = apps.get_model("organizations", name).objects
        for key, email in rows.order_by("pk").values_list("pk", "email"):
            if email != email.strip().lower():
                try_to(rows.filter(pk=key), email.strip().lower())


def try_to(row, email: str) -> None:
    """Two that differ in case only, which some collations let in, stay as they are."""
    try:
        with transaction.atomic():
            row.update(email=email)
    except IntegrityError:
        pass


class Migration(migrations.Migration):
    dependencies = [("organizations", "0004_event_filters")]

    operations = [migrations.RunPython(lower, migrations.RunPython.noop)]
