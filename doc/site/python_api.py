# SPDX-License-Identifier: ISC
"""The Python bindings as a page: their README, then each module with what it has, read from the sources and not imported.

    python_api.write(package, page)       page already has the README
"""
import ast
import textwrap


def summary(node):
    text = ast.get_docstring(node)
    return f"```text\n{text}\n```\n" if text else ""


def signature(node):
    """One line as it stands in the source, without defaults that are long."""
    if isinstance(node, ast.ClassDef):
        bases = ", ".join(ast.unparse(base) for base in node.bases)
        return f"class {node.name}({bases})" if bases else f"class {node.name}"
    result = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"{node.name}({ast.unparse(node.args)}){result}"


def public(body, kinds):
    return [node for node in body if isinstance(node, kinds) and not node.name.startswith("_")]


def module_lines(name, tree):
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    lines = [f"## autovpn.{name}", "", summary(tree)]
    for node in public(tree.body, (ast.ClassDef, *functions)):
        lines += [f"### {node.name}", "", f"```python\n{textwrap.fill(signature(node), 100, subsequent_indent='    ')}\n```", summary(node)]
        members = public(node.body, functions) if isinstance(node, ast.ClassDef) else []
        for member in members:
            lines += [f"```python\n{textwrap.fill(signature(member), 100, subsequent_indent='    ')}\n```", summary(member)]
    return lines


def write(package, page):
    lines = [page.read_text(), ""]
    for file in sorted(package.glob("*.py")):
        tree = ast.parse(file.read_text())
        if not file.stem.startswith("_") and public(tree.body, (ast.ClassDef, ast.FunctionDef)):
            lines += module_lines(file.stem, tree)
    page.write_text("\n".join(lines))
