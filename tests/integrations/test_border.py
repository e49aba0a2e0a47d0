"""The border to the platforms: plain values, plain Python."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PLAIN = [
    Path("integrations/http/platform_client.py"),
    Path("integrations/http/ssrf_guard.py"),
    Path("integrations/http/redaction.py"),
    Path("integrations/providers/base.py"),
    *(p.relative_to(ROOT) for p in sorted(ROOT.glob("integrations/providers/jambonz/*.py"))),
]


@pytest.mark.parametrize("file", PLAIN, ids=str)
def test_the_border_is_plain_python(file):
    """No Django at the border: a provider sees values, and is read and tried without the rest."""
    tree = ast.parse((ROOT / file).read_text())
    names = [n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]
    names += [a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names]
    assert not [name for name in names if name.split(".")[0] in {"django", "organizations"}]
    assert "integrations.models" not in names
