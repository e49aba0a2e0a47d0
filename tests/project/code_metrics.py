"""Figures on the names and the layout of the code: `make metrics` prints them, and
tests/project/test_structure.py keeps them bounded.

They cover the Python files of the apps and of config, without migrations and tests.
"""

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from statistics import median

from config import BASE_DIR

FOLDERS = ("organizations", "integrations", "carriers", "numbers", "config")
PARTICIPLE = re.compile(r"[a-z]+(ed|ing|en|ld|wn)")
PREPOSITION = re.compile(r".*_(of|in|at|by|to|on|for|as|with|from|is|not)")
Edges = dict[str, set[str]]


class Project:
    """The parsed modules by their dotted names."""

    def __init__(self, base: Path = BASE_DIR):
        self.base = base
        self.paths = {module_name(path, base): path for path in source_files(base)}

    @cached_property
    def trees(self) -> dict[str, ast.Module]:
        return {name: ast.parse(path.read_text()) for name, path in self.paths.items()}

    @cached_property
    def functions(self) -> list[tuple[str, str]]:
        """Module and name of each function that is defined at the top of a module."""
        return [
            (module, node.name)
            for module, tree in self.trees.items()
            for node in tree.body
            if isinstance(node, ast.FunctionDef)
        ]

    def participles(self) -> list[tuple[str, str]]:
        return [each for each in self.functions if PARTICIPLE.fullmatch(each[1])]

    def prepositions(self) -> list[tuple[str, str]]:
        return [each for each in self.functions if PREPOSITION.fullmatch(each[1])]

    def shared(self) -> list[tuple[str, str]]:
        """Functions whose name another module defines too."""
        homes = defaultdict(set)
        for module, name in self.functions:
            homes[name].add(module)
        return [each for each in self.functions if len(homes[each[1]]) > 1]

    def package_sizes(self) -> Counter[str]:
        """Modules per folder."""
        folders = (path.parent.relative_to(self.base) for path in self.paths.values())
        return Counter(str(folder) for folder in folders)

    @cached_property
    def imports(self) -> Edges:
        """Per module the modules of ours that it imports, wherever in its text."""
        return {name: set(self.imported_modules(name)) - {name} for name in self.trees}

    def imported_modules(self, name: str) -> Iterator[str]:
        for node in ast.walk(self.trees[name]):
            for target in imported_names(node):
                found = target if target in self.paths else target.rpartition(".")[0]
                if found in self.paths:
                    yield found


def source_files(base: Path) -> Iterator[Path]:
    for folder in FOLDERS:
        for path in sorted((base / folder).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path


def module_name(path: Path, base: Path) -> str:
    parts = path.relative_to(base).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_names(node: ast.AST) -> list[str]:
    """Dotted names of modules, or of what is taken from them."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def strong_components(edges: Edges) -> list[set[str]]:
    """Groups of modules that import one another, each after those that it imports (Tarjan)."""
    index: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    groups: list[set[str]] = []

    def visit(module: str) -> None:
        index[module] = lowest[module] = len(index)
        stack.append(module)
        for other in edges[module]:
            if other not in index:
                visit(other)
            if other in stack:
                lowest[module] = min(lowest[module], lowest[other])
        if lowest[module] == index[module]:
            at = stack.index(module)
            groups.append(set(stack[at:]))
            del stack[at:]

    for module in edges:
        if module not in index:
            visit(module)
    return groups


def import_cycles(edges: Edges) -> list[set[str]]:
    return [group for group in strong_components(edges) if len(group) > 1]


def import_depth(edges: Edges) -> int:
    """Modules in the longest chain of imports; a cycle counts once."""
    depths: dict[str, int] = {}
    for group in strong_components(edges):
        outside = {other for module in group for other in edges[module]} - group
        depth = 1 + max((depths[other] for other in outside), default=0)
        depths |= dict.fromkeys(group, depth)
    return max(depths.values())


def share(part: list, whole: list) -> str:
    return f"{len(part)} of {len(whole)} ({len(part) / len(whole):.1%})"


def most_common(part: Iterable[tuple[str, str]]) -> str:
    return ", ".join(name for name, _count in Counter(name for _, name in part).most_common(8))


def print_names(project: Project) -> None:
    for title, part in (
        ("functions named by a bare participle", project.participles()),
        ("functions whose name ends in a preposition", project.prepositions()),
        ("functions whose name another module defines too", project.shared()),
    ):
        print(f"{title}: {share(part, project.functions)}: {most_common(part)}")


def print_layout(project: Project) -> None:
    lengths = [len(path.read_text().splitlines()) for path in project.paths.values()]
    print(f"modules: {len(lengths)}, lines: {sum(lengths)}, median {median(lengths):.0f}")
    print("modules per folder, the largest:", project.package_sizes().most_common(5))
    print("longest chain of imports:", import_depth(project.imports))
    for cycle in import_cycles(project.imports):
        print("cycle of imports:", *sorted(cycle))


if __name__ == "__main__":
    found = Project()
    print_names(found)
    print_layout(found)
