"""No pixel of a candidate is drawn by code; an edit only composites decoded pixels inside its mask.

What makes pixels without a model is forbidden in graph/, tools/ and src/overpaint/:
- importing PIL's pens (ImageDraw, ImageFont, ImagePalette …) or another library that draws;
- calling what makes a picture from numbers or puts one into another (Image.new, fromarray, frombytes, putpixel,
  paste, composite …), whatever the object it is called on;
- importing `overpaint.shapes.drawing`, where scenes are drawn for training, tests and benchmarks.

Four kinds of file are let off, and nothing else:
- shapes/drawing.py, which draws; what other code may import of it is listed in IMPORTED, each with its reason;
- shapes/training, which makes the pictures a model learns from; shapes/train.py alone imports it;
- sheet.py, grid.py and report.py, which lay candidates out for a person, after the run, and give nothing back;
- the single calls listed in ALLOWED, each with its reason.

Both lists are exact: what has gone must leave them too.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = (ROOT / "graph", ROOT / "tools", ROOT / "src" / "overpaint")
TRAINING = "src/overpaint/shapes/training"
LET_OFF = {
    "src/overpaint/shapes/drawing.py",
    "src/overpaint/sheet.py",
    "src/overpaint/grid.py",
    "src/overpaint/report.py",
}

PENS = {"ImageDraw", "ImageDraw2", "ImageFont", "ImagePath", "ImageGrab", "ImageMath", "ImageMorph"}
LIBRARIES = {"aggdraw", "cairo", "cairosvg", "cv2", "imageio", "matplotlib", "pygame", "skia", "skimage", "wand"}
MAKERS = {
    "new", "fromarray", "fromarrow", "frombytes", "frombuffer", "fromqimage", "effect_mandelbrot", "effect_noise",
    "linear_gradient", "radial_gradient", "putpixel", "putdata", "putalpha", "paste", "alpha_composite", "composite",
    "blend", "merge", "numpy_to_pil", "pt_to_pil", "to_pil_image",
}  # fmt: skip
BARE = MAKERS - {"new", "merge", "paste", "blend", "composite"}
"""Names that say as much when called without an object; the rest are ordinary words."""

ALLOWED = {
    ("tools/backends/masking.py", "paste", "paste_back"): "the edit: decoded pixels, inside the mask only",
    ("tools/backends/openai_edits.py", "new", "_mask"): "where to repaint, sent beside the picture",
    ("tools/backends/openai_edits.py", "paste", "_mask"): "the same",
    ("tools/decoding.py", "new", "_shown"): "white below the transparent parts of a picture a user gave",
    ("tools/decoding.py", "alpha_composite", "_shown"): "the same",
    ("src/overpaint/shapes/inspector.py", "new", "_native"): "ground below the transparent parts of what is measured",
    ("src/overpaint/shapes/inspector.py", "alpha_composite", "_native"): "the same",
    ("src/overpaint/evaluation/scenes/patches.py", "new", "read_pixels"): "the same, after the run",
    ("src/overpaint/evaluation/scenes/patches.py", "alpha_composite", "read_pixels"): "the same, after the run",
}
DRAWING = "overpaint.shapes.drawing"
IMPORTED = {
    ("src/overpaint/shapes/fitting.py", f"{DRAWING}.silhouette"): "what the judge measures shapes by",
    ("src/overpaint/evaluation/scenes/ground_truth.py", f"{DRAWING}.draw"): "what truth is measured by, after the run",
    ("src/overpaint/evaluation/scenes/briefs.py", f"{DRAWING}.random_things"): "scenes by name only; none is drawn",
}

Use = tuple[str, str, str]
"""(file, what, the function it is in)."""


def sources() -> list[Path]:
    linked = {ROOT / "src" / "overpaint" / name for name in ("graph", "tools", "prompts")}
    files = (path for folder in FOLDERS for path in folder.rglob("*.py") if not linked & set(path.parents))
    looked_at = (path for path in files if path.relative_to(ROOT).as_posix() not in LET_OFF)
    return sorted(path for path in looked_at if not path.is_relative_to(ROOT / TRAINING))


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def forbidden_imports(tree: ast.AST) -> list[str]:
    parts = {name: set(name.split(".")) for name in imports(tree)}
    return [
        name
        for name, words in parts.items()
        if ("PIL" in words and words & PENS) or name.split(".")[0] in LIBRARIES or name.startswith(DRAWING)
    ]


def makers(tree: ast.AST, inside: str = "<module>") -> Iterator[tuple[str, str]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Attribute) and node.attr in MAKERS and not _is_hash(node):
            yield node.attr, inside
        elif isinstance(node, ast.Name) and node.id in BARE:
            yield node.id, inside
        within = node.name if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else inside
        yield from makers(node, within)


def _is_hash(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id in ("hashlib", "hmac")


def uses(path: Path) -> set[Use]:
    file = path.relative_to(ROOT).as_posix()
    return {(file, what, where) for what, where in makers(ast.parse(path.read_text("utf-8")))}


@pytest.mark.slow
def test_what_draws_is_imported_only_where_it_is_allowed() -> None:
    trees = {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text("utf-8")) for path in sources()}
    assert {(file, name) for file, tree in trees.items() for name in forbidden_imports(tree)} == set(IMPORTED)


def test_the_drawing_is_named_only_where_it_is_imported() -> None:
    users = {p.relative_to(ROOT).as_posix() for p in sources() if DRAWING in p.read_text("utf-8")}
    assert users == {file for file, _ in IMPORTED}


def test_nothing_but_the_command_that_trains_imports_the_training() -> None:
    users = [p.name for p in sources() if "overpaint.shapes.training" in p.read_text("utf-8")]
    assert users == ["train.py"]


@pytest.mark.slow
def test_pictures_are_made_and_joined_only_where_it_is_allowed() -> None:
    found = set().union(*(uses(path) for path in sources()))
    assert found == set(ALLOWED)


def test_the_files_looked_at_are_those_there_are() -> None:
    names = {path.relative_to(ROOT).as_posix() for path in sources()}
    assert {"graph/flow.py", "tools/backends/painting.py", "src/overpaint/shapes/painter.py"} <= names
    assert all((ROOT / file).is_file() for file in LET_OFF)


@pytest.mark.parametrize(
    "code",
    [
        "from PIL import Image, ImageDraw",
        "import PIL.ImageFont",
        "def f():\n    from PIL import ImageDraw as D",
        "import matplotlib.pyplot as plt",
        "from overpaint.shapes.drawing import draw",
        "from overpaint.shapes.drawing import silhouette, draw",
        "import overpaint.shapes.drawing",
        "from overpaint.shapes import drawing",
    ],
)
def test_an_import_that_draws_would_be_found(code: str) -> None:
    assert forbidden_imports(ast.parse(code))


@pytest.mark.parametrize(
    "code",
    [
        "picture = Image.new('RGB', (64, 64), 'red')",
        "Image.fromarray(drawn)",
        "make = Image.frombytes",
        "picture.putpixel((1, 1), red)",
        "picture.paste(red, box)",
        "Image.composite(a, b, mask)",
        "from PIL.Image import fromarray\nfromarray(a)",
        "pipe.image_processor.numpy_to_pil(drawn)",
    ],
)
def test_a_call_that_makes_pixels_would_be_found(code: str) -> None:
    assert list(makers(ast.parse(code)))
