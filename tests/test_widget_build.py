"""The committed widget is what its source builds to, and small."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.support.documents import blocks
from tests.support.widget_build import WIDGET, build, environment

KB = 1024
# On one worker, so that what all of these tests share is made once.
pytestmark = pytest.mark.xdist_group("widget build")


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a fresh build of the widget."""
    folder = tmp_path_factory.mktemp("widget")
    done = build(WIDGET, folder)
    assert done.returncode == 0, done.stderr
    return folder


LANGUAGES = sorted(file.stem for file in (WIDGET / "src/locales").glob("*.json"))
LOCALES = [f"locale-{language}.js" for language in LANGUAGES]
LATER = [f"later-{language}.js" for language in LANGUAGES]
PHONE = ["phone.js", *(f"phone-{language}.js" for language in LANGUAGES)]
OUTCOME = [f"outcome-{language}.js" for language in LANGUAGES]
BUNDLES = ["widget.js", "design.js", "dialog.js", "tools.js", "outcome.js"]
BUNDLES += ["fitting-room.js", "handover.js", "camera.js"]
BUILT = [*BUNDLES, "widget.d.ts", "texts.json", *LOCALES, *LATER, *OUTCOME, *PHONE]


@pytest.mark.parametrize("name", BUILT)
def test_committed_file_is_fresh(name: str, fresh: Path) -> None:
    """Every committed file is what the sources build to."""
    same = (WIDGET / name).read_bytes() == (fresh / name).read_bytes()
    assert same, f"static/widget/{name} is outdated; run: make widget"


def test_no_other_files(fresh: Path) -> None:
    """The build creates these files alone, and no others are committed."""
    assert {path.name for path in fresh.iterdir()} == set(BUILT)
    assert {path.name for path in WIDGET.glob("*.js")} == {
        name for name in BUILT if name.endswith(".js")
    }


def test_incomplete_language_fails_build(tmp_path: Path) -> None:
    """A language that lacks a sentence or a plural form fails the build."""
    copy = tmp_path / "widget"
    shutil.copytree(WIDGET, copy, ignore=shutil.ignore_patterns("node_modules"))
    (copy / "node_modules").symlink_to(WIDGET / "node_modules")
    file = copy / "src/locales/ur.json"
    sentences = json.loads(file.read_text())
    del sentences["close"], sentences["left"]["one"]
    file.write_text(json.dumps(sentences))
    done = build(copy, tmp_path)
    assert done.returncode != 0
    assert "ur: close is missing" in done.stderr
    assert "ur: left.one is missing" in done.stderr


SENTENCES = set(json.loads((WIDGET / "src/locales/en.json").read_text()))
# The bundles whose sentences are there when a bundle's code runs.
LOADED_WITH = {
    "dialog.js": 1,
    "tools.js": 2,
    "fitting-room.js": 2,
    "handover.js": 2,
    "camera.js": 2,
    "outcome.js": 3,
}


def key_lists() -> list[set[str]]:
    """Return the sentences of each of a language's files, in the order in which they are loaded."""
    texts = "".join((WIDGET / name).read_text() for name in ("dialog.js", "tools.js"))
    lists = [set(found.split()) for found in re.findall(r'"(\w+(?: \w+){5,})"', texts)]
    first, *others = [keys for keys in lists if keys <= SENTENCES]
    return [first, *sorted(others, key=lambda keys: "nothingCharged" in keys)]


@pytest.mark.parametrize("name", LOADED_WITH)
def test_sentences_are_loaded_with_their_code(name: str) -> None:
    """Whatever sentence a bundle names is in a file that is loaded before it or with it."""
    lists = key_lists()
    assert len(lists) == 3
    assert set.union(*lists) == SENTENCES
    named = set(re.findall(r'"(\w+)"', (WIDGET / name).read_text())) & SENTENCES
    assert named <= set.union(*lists[: LOADED_WITH[name]])


def gzipped(*names: str) -> int:
    return sum(len(gzip.compress((WIDGET / name).read_bytes(), 9)) for name in names)


@pytest.mark.parametrize("locale", LOCALES)
def test_budgets(locale: str) -> None:
    """Every file, and all of what a first open loads, stays within its budget."""
    assert gzipped("widget.js") <= 3 * KB
    assert gzipped("dialog.js") <= 15 * KB
    assert gzipped(locale) <= 1.5 * KB
    # A first open, on a page whose buttons have a design.
    assert gzipped("widget.js", "design.js", "dialog.js", locale) <= 20 * KB
    # What is loaded once there is a photo.
    assert gzipped("tools.js", locale.replace("locale", "later")) <= 15 * KB
    # What is loaded once a try-on is to start, or to be refused.
    assert gzipped("outcome.js", locale.replace("locale", "outcome")) <= 9 * KB
    # What is loaded only when it is used, all of it together.
    assert gzipped("fitting-room.js", "handover.js") <= 12 * KB
    assert gzipped("camera.js") <= 3 * KB


SHOP_SCRIPT = """
window.Genvoris?.on("quota", (event) => {
  const used: number | null = event.detail.used;
  if (used) event.preventDefault();
});
addEventListener("genvoris:add-to-cart", ({ detail }) => {
  const ids: string[] = detail.products.map((product) => product.id);
  window.Genvoris?.update({ language: "fr", borderRadius: ids.length });
});
// @ts-expect-error: this event has no such detail
addEventListener("genvoris:open", ({ detail }) => detail.price);
// @ts-expect-error: there is no such option
window.Genvoris?.open({ productColour: "red" });
"""
EVENT = """
addEventListener("genvoris:%s", (event) => {
  const detail: object = event.detail;
  return detail;
});
"""


def test_types_for_shops(tmp_path: Path) -> None:
    """A shop's own TypeScript, and that of the documents, knows window.Genvoris and every event."""
    from genvoris_flask.cli import genvoris as commands

    printed = CliRunner().invoke(commands, ["widget-types"])
    assert printed.exit_code == 0
    (tmp_path / "genvoris.d.ts").write_text(printed.output)
    declared = re.search(r"interface Events \{(.*?)\n\}", printed.output, re.DOTALL)
    assert declared
    events = re.findall(r'^    "?([a-z-]+)"?: \{', declared[1], re.MULTILINE)
    assert {"open", "quota", "tryon-completed", "analytics"} <= set(events)
    script = SHOP_SCRIPT + "".join(EVENT % name for name in events)
    written = [block.code for block in blocks("ts")]  # in the documents
    assert written
    script += "".join(
        [*written, "declare function showNext(id: string, url: string | null): void;"]
    )
    (tmp_path / "shop.ts").write_text(script)
    options = ["--noEmit", "--strict", "--target", "ES2022", "--lib", "ES2022,DOM"]
    done = subprocess.run(
        [WIDGET / "node_modules/.bin/tsc", *options, "shop.ts", "genvoris.d.ts"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=environment(),
    )
    assert done.returncode == 0, done.stdout
