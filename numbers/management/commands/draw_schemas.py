"""The command draw_schemas, which validates the OpenAPI documents and writes them to files; one
invalid document keeps all from being written."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.renderers import OpenApiYamlRenderer
from drf_spectacular.validation import validate_schema
from jsonschema import ValidationError

from numbers.dialects.documents import BUTTER_DOCUMENT, ZUDU_DOCUMENT
from organizations.web.openapi.views import V1_DOCUMENT, OpenApiDocument, generate_schema

DOCUMENTS = (V1_DOCUMENT, BUTTER_DOCUMENT, ZUDU_DOCUMENT)


class Command(BaseCommand):
    help = "Draw the OpenAPI documents of /v1 and of both dialects, and check them."

    def add_arguments(self, parser) -> None:
        parser.add_argument(
            "folder", nargs="?", type=Path, help="where to write them; without, they are checked"
        )

    def handle(self, *, folder: Path | None, **options) -> None:
        texts = {document.file: render_schema_document(document) for document in DOCUMENTS}
        for name, drawing in texts.items() if folder else ():
            (folder / name).write_bytes(drawing)


def render_schema_document(document: OpenApiDocument) -> bytes:
    schema = generate_schema(document)
    if GENERATOR_STATS:
        raise CommandError(f"{document.file} was drawn with warnings.")
    try:
        validate_schema(schema)
    except ValidationError as error:
        raise CommandError(f"{document.file} is not valid: {error.message}") from error
    return OpenApiYamlRenderer().render(schema, renderer_context={})
