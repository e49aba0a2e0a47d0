"""The rules of docs/architecture.md, checked on the code."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.db.migrations import AddIndex, CreateModel, Migration
from django.db.migrations.loader import MigrationLoader
from django.urls import URLPattern

from config import BASE_DIR
from organizations.web.api.views import OrgView
from organizations.web.views.base import OrgScreen
from tests.project.code_metrics import Project
from tests.support.project import APPS, iterate_routes, python_files, view_classes

# Within an app each may import those before it.
LAYERS = ["models", "provisioning", "tasks", "operations", "api", "views"]
INTERFACES = {"api", "views", "admin", "dialects"}
ENTRY_POINTS = re.compile(r"management/commands/")

# Models that belong to no organization, or to several.
OWNERLESS = {
    "User": "a person may belong to several organizations",
    "Organization": "is the owner itself",
    "Process": "a program of the installation",
    "AttemptCount": "how attempts of the whole installation ended",
    "KeyProof": "by which the programs of the installation know their encryption keys",
    "Sweep": "how far the worker's look through old rows has come",
    "Leadership": "which dispatcher of the installation leads",
    "FigureCount": "of an organization, or of the whole installation",
}

# Routes that need no organization, each with its reason.
PUBLIC = {
    "healthz": "asked by supervisors and load balancers, tells nothing",
    "readyz": "likewise; tells what fails of the installation, and nothing of anybody's data",
    "problems": "documentation",
    "problem": "documentation",
    "nowhere": "says that there is nothing at this path, in a vendor's words",
    "home": "leads to the reader's organization",
    "invitation": "the link itself says for which organization, and who may follow it",
    "organization_new": "makes one",
    "preferences": "theme, language and time zone of whoever reads",
    **dict.fromkeys(("schema", "schema-butter", "schema-zudu"), "documentation"),
    **dict.fromkeys(("docs", "docs-butter", "docs-zudu"), "documentation"),
}


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def relative(path: Path) -> str:
    return str(path.relative_to(BASE_DIR))


@pytest.mark.parametrize("app", APPS)
def test_apps_depend_downhill_only(app):
    uphill = APPS[APPS.index(app) + 1 :]
    wrong = [
        f"{relative(path)} imports {name}"
        for path in python_files()
        if path.relative_to(BASE_DIR).parts[0] == app
        for name in imports_of(path)
        if name.split(".")[0] in uphill
        or (name.split(".")[0] == "config" and not ENTRY_POINTS.search(relative(path)))
    ]
    assert not wrong


@pytest.mark.parametrize("app", APPS)
def test_layers_of_an_app_depend_in_one_direction(app):
    wrong = [
        f"{relative(path)} imports {name}"
        for path in (BASE_DIR / app).rglob("*.py")
        if (layer := path.relative_to(BASE_DIR / app).parts[0].removesuffix(".py")) in LAYERS
        for name in imports_of(path)
        for later in LAYERS[LAYERS.index(layer) + 1 :]
        if f"{name}.".startswith(f"{app}.{later}.")
    ]
    assert not wrong


def interface_of(module: str) -> str | None:
    """The interface that a module belongs to. Commands and apps.py may know all of them."""
    app, _, rest = module.partition(".")
    part = rest.partition(".")[0]
    return f"{app}.{part}" if app in APPS and part in INTERFACES else None


def test_interfaces_are_imported_by_nobody_else():
    """What two of them need is in the domain, or in the `web` package of the lower app."""
    project = Project()
    wrong = [
        f"{module} imports {name}"
        for module, names in project.imports.items()
        if module.split(".")[0] in APPS
        and not {"apps", "urls", "management"} & set(module.split("."))
        for name in names
        if interface_of(name) not in (None, interface_of(module))
    ]
    assert not wrong


def test_queries_begin_at_the_organization():
    """No `.objects` where requests are answered: related managers are the scope."""
    wrong = [
        f"{relative(path)}:{number}"
        for path in python_files()
        if {"api", "views", "dialects", "forms", "serializers"} & set(path.with_suffix("").parts)
        and "tests" not in path.parts
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(r"\b[A-Z]\w+\.objects\b|_default_manager", line)
    ]
    assert not wrong


def test_every_model_is_owned_by_an_organization():
    ours = [model for app in APPS for model in apps.get_app_config(app).get_models()]
    ownerless = {model.__name__ for model in ours if not owned(model)}
    assert ownerless == set(OWNERLESS)


def owned(model) -> bool:
    names = {field.name: field for field in model._meta.get_fields()}
    return "organization" in names and not names["organization"].null


def routes() -> list[URLPattern]:
    return [pattern for _path, pattern in iterate_routes()]


def test_every_route_asks_for_an_organization_or_says_why_not():
    wrong = [
        pattern.name
        for pattern in routes()
        if pattern.name not in PUBLIC
        and not all(issubclass(view, OrgView | OrgScreen) for view in view_classes(pattern))
    ]
    assert not wrong
    assert set(PUBLIC) <= {pattern.name for pattern in routes()}, "stale entries in PUBLIC"


def test_no_platform_is_named_outside_its_own_file():
    kinds = {"jambonz", "livekit", "twilio"}
    wrong = [
        f"{relative(path)}:{node.lineno}"
        for path in python_files()
        if "tests" not in path.parts and "providers" not in path.parts
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Compare)
        and any(
            isinstance(c, ast.Constant) and c.value in kinds for c in [node.left, *node.comparators]
        )
    ]
    assert not wrong


def test_files_and_functions_stay_small():
    long_files = [relative(p) for p in python_files() if len(p.read_text().splitlines()) > 600]
    long_functions = [
        f"{relative(path)}:{node.lineno} {node.name}"
        for path in python_files()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno - node.lineno >= 40
    ]
    assert (long_files, long_functions) == ([], [])


class TestNames:
    """Of functions at the top of a module: `make metrics` shows which."""

    functions = Project()

    def test_they_say_what_they_do(self):
        assert len(self.functions.participles()) < 0.02 * len(self.functions.functions)

    def test_they_say_about_what(self):
        assert len(self.functions.prepositions()) < 0.01 * len(self.functions.functions)

    def test_they_have_one_meaning(self):
        assert len(self.functions.shared()) < 0.1 * len(self.functions.functions)


def test_folders_hold_20_modules_at_most():
    assert [size for size in Project().package_sizes().most_common() if size[1] > 20] == []


@pytest.mark.parametrize("app", APPS)
def test_migrations_have_each_number_once(app):
    found = [path.name[:4] for path in (BASE_DIR / app / "migrations").glob("0*.py")]
    assert len(found) == len(set(found))


def test_no_index_is_cut_short():
    """A table that is there already may be long, and building takes more than a request may."""
    disk = MigrationLoader(None).disk_migrations.values()
    hasty = [str(each) for each in disk if each.app_label in APPS and is_hasty(each)]
    assert not hasty


def is_hasty(migration: Migration) -> bool:
    deeds = migration.operations
    made = {deed.name_lower for deed in deeds if isinstance(deed, CreateModel)}
    late = [d for d in deeds if isinstance(d, AddIndex) and d.model_name_lower not in made]
    return bool(late) and "statement_timeout = 0" not in str(getattr(deeds[0], "sql", ""))


def run(*lines: str, **manner) -> subprocess.CompletedProcess:
    """In a Python of its own, whose imports are not ours."""
    command = [sys.executable, "-c", "\n".join(lines)]
    return subprocess.run(command, cwd=BASE_DIR, **{"check": True, **manner})


def test_numbers_is_ours_and_pythons():
    run(
        "import config, numbers, decimal, numbers.numbering.e164",
        "assert numbers.__file__ != numbers.numbering.e164.__file__",
        "assert isinstance(decimal.Decimal(1), numbers.Number)",
    )
    assert not (BASE_DIR / "numbers" / "__init__.py").exists()


def test_celery_knows_our_tasks():
    run(
        "from config.celery import app; app.loader.import_default_modules()",
        "assert 'integrations.run_operation' in app.tasks",
    )


def test_the_web_knows_no_broker():
    """A black-holed broker cannot hold up a request that has never heard of it."""
    run(
        "import sys, config.wsgi, config.urls",
        "assert not {'celery', 'kombu', 'redis'} & set(sys.modules)",
    )


@pytest.mark.parametrize(
    "program",
    [
        "import config.celery; django.setup(); import integrations.management.commands.dispatch",
        "from config.celery import app; app.loader.init_worker()",
    ],
)
def test_dispatcher_and_worker_do_not_load_the_pages(program):
    """A tenth of the memory of each."""
    run(
        "import config, os, sys, django",
        program,
        "assert 'integrations.ledger.leases' in sys.modules",
        "assert not {'unfold.admin', 'organizations.admin', 'fido2', 'xlsxwriter', 'config.urls'}"
        " & set(sys.modules)",
    )


@pytest.mark.parametrize(
    "entry",
    [
        "import config.wsgi",
        "import config.celery; from celery.signals import celeryd_init; celeryd_init.send(None)",
    ],
)
def test_nothing_starts_without_real_secrets(entry):
    env = {
        **os.environ,
        "PATCHBAY_MODE": "production",
        "SECRET_KEY": "",
        "PATCHBAY_ENCRYPTION_KEYS": "",
    }
    done = run(entry, env=env, check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert "SECRET_KEY is missing" in done.stderr
    assert "PATCHBAY_ENCRYPTION_KEYS is missing" in done.stderr
    assert "Traceback" not in done.stderr
