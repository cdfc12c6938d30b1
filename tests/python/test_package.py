"""What a package owes its users besides numbers: stubs that are true, documentation, and plain words when torch is another."""
import ast
import inspect
import pathlib
import shutil
import subprocess
import sys

import pytest
import torch

import farfield as ff

PACKAGE = pathlib.Path(ff.__file__).parent


def stubs():
    return ast.parse((PACKAGE / "__init__.pyi").read_text()).body


def test_stubs_name_what_there_is():
    named = {node.name for node in stubs() if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    named |= {alias.asname for node in stubs() if isinstance(node, ast.ImportFrom) for alias in node.names if alias.asname}
    assert named == set(ff.__all__)
    assert (PACKAGE / "py.typed").exists()


@pytest.mark.parametrize("node", [node for node in stubs() if isinstance(node, ast.FunctionDef)], ids=lambda node: node.name)
def test_a_stub_has_the_signature(node):
    parameters = inspect.signature(getattr(ff, node.name)).parameters
    assert [argument.arg for argument in node.args.args] == [p.name for p in parameters.values() if p.kind == p.POSITIONAL_OR_KEYWORD]
    keywords = {argument.arg: default for argument, default in zip(node.args.kwonlyargs, node.args.kw_defaults)}
    assert list(keywords) == [p.name for p in parameters.values() if p.kind == p.KEYWORD_ONLY]
    for name, default in keywords.items():
        actual = parameters[name].default
        if default is None:
            assert actual is inspect.Parameter.empty, name
        elif not (isinstance(default, ast.Constant) and default.value is Ellipsis):
            assert ast.literal_eval(default) == actual, name


@pytest.mark.parametrize("node", [node for node in stubs() if isinstance(node, ast.ClassDef)], ids=lambda node: node.name)
def test_a_class_has_what_its_stub_says(node):
    for member in node.body:
        name = member.target.id if isinstance(member, ast.AnnAssign) else member.name
        assert hasattr(getattr(ff, node.name), name), name


def test_everything_is_documented():
    for name in ff.__all__:
        thing = getattr(ff, name)
        assert inspect.getdoc(thing), name
        if inspect.isfunction(thing) and thing is not ff.solver_names:
            text = inspect.getdoc(thing)
            missing = [p for p in inspect.signature(thing).parameters if p not in text]
            assert not missing, (name, missing)
        if inspect.isclass(thing) and not issubclass(thing, Exception):
            for attribute, value in vars(thing).items():
                if not attribute.startswith("_") and not isinstance(value, type):
                    assert inspect.getdoc(value) or name == "Run", f"{name}.{attribute}"


def import_with(tmp_path, torch_text, package=PACKAGE.parent):
    """The words of the ImportError that `import farfield` ends with beside a made-up torch."""
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch/__init__.py").write_text(torch_text)
    code = f"import sys\nsys.path[:0] = [{str(tmp_path)!r}, {str(package)!r}]\nimport farfield"
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    return done.stderr.splitlines()[-1]


def test_another_torch_is_named(tmp_path):
    words = import_with(tmp_path, "__version__ = '1.2.3'")
    assert words.startswith("ImportError: farfield was built with torch ") and "this is torch 1.2.3" in words


def test_no_torch_is_said(tmp_path):
    words = import_with(tmp_path, "raise ImportError('no torch here')")
    assert words.startswith("ImportError: farfield needs torch")


def test_a_module_that_does_not_load_is_explained(tmp_path):
    shutil.copytree(PACKAGE, tmp_path / "farfield")
    for module in (tmp_path / "farfield").glob("_core*.so"):
        module.write_bytes(module.read_bytes()[:1000])
    words = import_with(tmp_path, f"__version__ = {torch.__version__!r}", tmp_path)
    assert words.startswith("ImportError: farfield's module does not load with torch") and "install farfield again" in words


def test_the_package_works_from_wherever_it_is_moved(tmp_path):
    moved = tmp_path / "else/where"
    shutil.copytree(PACKAGE, moved / "farfield")
    code = ("import sys; sys.path.insert(0, sys.argv[1]); import farfield as ff; assert ff.__file__.startswith(sys.argv[1])\n"
            "page = ff.compare('gaussian:moons', data='moons', references=['delta'], probes=8, seeds=[0]).save(sys.argv[2])\n"
            "assert 'vega' in page.read_text()")
    subprocess.run([sys.executable, "-c", code, str(moved), str(tmp_path / "out")], check=True, timeout=120, cwd=tmp_path)
