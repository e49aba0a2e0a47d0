"""What a migration may do while the code of the last release runs on its schema
(docs/upgrading.md): add, and take away only what that code no longer uses."""

import re
from collections.abc import Iterator

import pytest
from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently
from django.db import connection, migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

from config.schema_guard import REQUIRED_MIGRATION

# The newest of each app before the rule was; they are not judged.
BASELINE = {"organizations": 12, "integrations": 6, "carriers": 2, "numbers": 16}

# What was looked at by people, with the reason for which it is no danger.
REVIEWED = {
    "organizations.0013_forget_access": "makes functions that older code does not call",
}

REMOVING = (migrations.RemoveField, migrations.DeleteModel)
RENAMING = (migrations.RenameField, migrations.RenameModel, migrations.AlterModelTable)
UNSEEN = (migrations.RunSQL, migrations.RunPython)  # nobody can tell what they do
SESSION = re.compile(r"(SET statement_timeout = 0|RESET statement_timeout)")


def new_migrations() -> list[migrations.Migration]:
    disk = MigrationLoader(None).disk_migrations
    return [
        migration
        for (app, name), migration in sorted(disk.items())
        if app in BASELINE and int(name[:4]) > BASELINE[app]
    ]


def dangers(migration: migrations.Migration, before: ProjectState) -> Iterator[str]:
    """A sentence for each step that the code of the last release may not bear."""
    state, made = before.clone(), set()
    for step in steps_of(migration.operations):
        if isinstance(step, migrations.CreateModel):
            made.add(step.name_lower)
        elif getattr(step, "model_name_lower", None) not in made:
            yield from danger(step, migration, state)
        step.state_forwards(migration.app_label, state)


def steps_of(operations) -> Iterator[migrations.operations.base.Operation]:
    for operation in operations:
        if isinstance(operation, migrations.SeparateDatabaseAndState):
            yield from steps_of(operation.database_operations)
        else:
            yield operation


def danger(step, migration: migrations.Migration, state: ProjectState) -> Iterator[str]:
    is_announced = REQUIRED_MIGRATION.match(migration.name) is not None
    if isinstance(step, UNSEEN) and not SESSION.fullmatch(str(getattr(step, "sql", ""))):
        yield "runs what only a person can judge"
    elif isinstance(step, REMOVING) and not is_announced:
        yield "removes what older code uses"
    elif isinstance(step, RENAMING):
        yield "renames: add, copy, and remove a release later"
    elif isinstance(step, migrations.AddField) and not may_be_left_out(step.field):
        yield f"adds {step.name}, which rows of older code lack: give it a db_default, or null"
    elif isinstance(step, migrations.AlterField) and not is_announced:
        yield from danger_of_change(step, migration.app_label, state)
    elif isinstance(step, migrations.AddIndex) and not isinstance(step, AddIndexConcurrently):
        yield "locks the table while it builds an index: AddIndexConcurrently"
    elif isinstance(step, migrations.AddConstraint) and not isinstance(step, AddConstraintNotValid):
        yield "locks the table while it reads all rows: AddConstraintNotValid, then validate"


def may_be_left_out(field: models.Field) -> bool:
    return field.null or field.many_to_many or field.has_db_default()


def danger_of_change(step, app: str, state: ProjectState) -> Iterator[str]:
    old = state.models[app, step.model_name_lower].get_field(step.name)
    before, after = old.db_type(connection), step.field.db_type(connection)
    if before != after and not is_longer(before, after):
        yield f"changes the type of {step.name}, which writes the table anew"
    if old.null and not step.field.null:
        yield f"forbids {step.name} to be null, which older code may write"
    if old.has_db_default() and not step.field.has_db_default():
        yield f"takes the default of {step.name} away"


def is_longer(before: str | None, after: str | None) -> bool:
    """A text that may be longer is the same to the table."""
    old, new = (re.fullmatch(r"varchar\((\d+)\)", each or "") for each in (before, after))
    return bool(old and (after == "text" or (new and int(new[1]) >= int(old[1]))))


@pytest.mark.parametrize("migration", new_migrations(), ids=str)
def test_older_code_bears_each_migration(migration):
    loader = MigrationLoader(None)
    before = loader.project_state((migration.app_label, migration.name), at_end=False)
    found = list(dangers(migration, before))
    if str(migration) in REVIEWED:
        assert found, "needs no review: strike it from the list"
    else:
        assert not found


def test_a_name_that_needs_another_migration_names_one_that_is_there():
    for migration in new_migrations():
        if needed := REQUIRED_MIGRATION.match(migration.name):
            names = MigrationLoader(None).disk_migrations
            assert any(app == migration.app_label and name[:4] == needed[1] for app, name in names)


WORD = models.CharField(max_length=5)
STATE = ProjectState()
STATE.add_model(migrations.state.ModelState("numbers", "Thing", [("word", WORD)]))


@pytest.mark.parametrize(
    "step",
    [
        migrations.AddField("thing", "more", models.CharField(max_length=5, default="")),
        migrations.AddField("thing", "more", models.IntegerField()),
        migrations.RemoveField("thing", "word"),
        migrations.DeleteModel("thing"),
        migrations.RenameField("thing", "word", "term"),
        migrations.RenameModel("thing", "item"),
        migrations.AlterField("thing", "word", models.IntegerField()),
        migrations.AlterField("thing", "word", models.CharField(max_length=4)),
        migrations.AddIndex("thing", models.Index(fields=["word"], name="by_word")),
        migrations.AddConstraint("thing", models.UniqueConstraint(fields=["word"], name="one")),
        migrations.RunSQL("SELECT 1"),
        migrations.RunPython(migrations.RunPython.noop),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RemoveField("thing", "word")]
        ),
    ],
    ids=lambda step: step.describe(),
)
def test_what_older_code_does_not_bear_is_found(step):
    assert list(dangers(migration_of("0099_changes", step), STATE))


@pytest.mark.parametrize(
    "step",
    [
        migrations.AddField("thing", "more", models.CharField(max_length=5, null=True)),
        migrations.AddField("thing", "more", models.IntegerField(db_default=0)),
        migrations.AlterField("thing", "word", models.CharField(max_length=6)),
        migrations.AlterField("thing", "word", models.TextField()),
        AddIndexConcurrently("thing", models.Index(fields=["word"], name="by_word")),
        AddConstraintNotValid(
            "thing", models.CheckConstraint(condition=models.Q(word="a"), name="is_a")
        ),
        migrations.CreateModel("other", [("id", models.BigAutoField(primary_key=True))]),
    ],
    ids=lambda step: step.describe(),
)
def test_what_only_adds_is_no_danger(step):
    assert not list(dangers(migration_of("0099_changes", step), STATE))


def test_what_is_removed_a_release_later_is_no_danger():
    step = migrations.RemoveField("thing", "word")
    assert not list(dangers(migration_of("0099_needs_0098_drop_word", step), STATE))


def migration_of(name: str, step) -> migrations.Migration:
    migration = migrations.Migration(name, "numbers")
    migration.operations = [step]
    return migration
