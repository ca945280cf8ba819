"""Pages that are written, in a headless Chromium, and pages that are read.

A written page makes no request, logs no error and is not wider than the screen.
"""

import re
import shutil
import subprocess

import pytest

from pipeline.errors import InputError
from pipeline.evaluate.evaluation import evaluate
from pipeline.evaluate.report import write_report
from pipeline.explain.explanation import explain_text, write_page
from pipeline.read.pages import read_article
from pipeline.read.sentences import split_sentences
from pipeline.read.source import on_disk
from pipeline.timeline.dated_texts import FeedOptions
from pipeline.timeline.feed import read_feed
from pipeline.timeline.output import write_timeline
from pipeline.timeline.series import timeline
from tests.conftest import DATA

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# A window of Chromium is at least 500 pixels wide, so the page is measured in a frame of the wanted width. What is wider
# than the frame is told by the page's own width, requests by its performance entries, faults by its error events.
FRAME = """<!doctype html><meta charset="utf-8"><style>:root {{ color-scheme: {scheme}; }}</style>
<iframe id="f" style="width:{width}px;height:900px;border:0"></iframe><pre id="found"></pre>
<script>
const frame = document.getElementById("f"), found = [];
frame.srcdoc = {page};
frame.addEventListener("load", () => {{
  const page = frame.contentDocument, view = frame.contentWindow;
  const click = new view.MouseEvent("click", {{ bubbles: true }});
  page.querySelectorAll("rect.hit").forEach(one => one.dispatchEvent(click));
  page.querySelectorAll("details").forEach(one => {{ one.open = true; }});
  found.push("width " + page.documentElement.scrollWidth);
  found.push("requests " + view.performance.getEntriesByType("resource").filter(one => !one.name.startsWith("data:")).length);
  found.push("behind " + page.querySelectorAll(".behind li").length);
  const places = {{}};  // a period stands at one place in all series
  page.querySelectorAll("rect.hit").forEach(one => {{
    (places[one.getAttribute("aria-label").split(",")[0]] ||= new Set()).add(Math.round(one.getAttribute("x")));
  }});
  found.push("apart " + Object.values(places).filter(one => one.size > 1).length);
  found.push("errors " + (view.faults || []).length);
  document.getElementById("found").textContent = found.join("; ");
}});
</script>"""
WATCH = "<script>window.faults = []; addEventListener('error', event => faults.push(event.message));</script>"


@pytest.fixture(scope="module")
def pages(model, corpus, tmp_path_factory):
    """The three pages, by name."""
    folder = tmp_path_factory.mktemp("pages")
    write_report(evaluate(model, corpus.take(range(0, len(corpus), 20))), model, "a sample", folder / "report")
    article = (DATA / "examples").glob("*.txt")
    write_page(explain_text(model, next(article).read_text()), folder / "explanation.html", "An article with a title")
    told = ["2023-03-01,Chad shelled Niger.", "2023-03-15,Peru thanked Chile.", "2023-04-02,Chad thanked Niger."]
    (folder / "told.csv").write_text("\n".join(["date,text", *told, ""]), encoding="utf-8")
    records, _ = read_feed([DATA / "archive.csv", folder / "told.csv"], FeedOptions(by="pair"), model)
    write_timeline(timeline(records, "W", model.priors), folder / "pairs", "Pairs")
    return {
        "report": folder / "report" / "report.html",
        "explanation": folder / "explanation.html",
        "timeline": folder / "pairs" / "timeline.html",
    }


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is absent")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("name", ["report", "explanation", "timeline"])
def test_a_page_opens_without_faults_requests_or_overflow(name, width, scheme, pages, tmp_path):
    import json

    html = pages[name].read_text(encoding="utf-8").replace("<head>", "<head>" + WATCH, 1)
    outer = tmp_path / "outer.html"
    quoted = json.dumps(html).replace("</", "<\\/")
    outer.write_text(FRAME.format(scheme=scheme, width=width, page=quoted), encoding="utf-8")
    dark = ["--blink-settings=preferredColorScheme=0"] if scheme == "dark" else []
    command = [
        CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1600,1000",
        "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={tmp_path / 'profile'}", "--enable-logging=stderr", *dark,
        "--virtual-time-budget=5000", "--dump-dom", outer.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    found = dict(part.split() for part in re.search(r'<pre id="found">([^<]+)</pre>', done.stdout)[1].split("; "))
    assert int(found["width"]) <= width
    assert (found["requests"], found["errors"]) == ("0", "0")
    assert "CONSOLE" not in done.stderr, done.stderr
    assert (int(found["behind"]) > 0) == (name == "timeline")
    assert found["apart"] == "0"


# What a page holds within its body, and the sentences that are read from it.
BODIES = {
    "caption": (
        """<article><p>Gunboats blocked the harbour on Sunday.</p>
        <figure><img src="a.png"><figcaption>A gunboat at sea. Photograph: Ada Lund/EPA</figcaption></figure>
        <p>Fishermen freed two sailors.</p></article>""",
        ["Gunboats blocked the harbour on Sunday.", "Fishermen freed two sailors."],
    ),
    "credit": (
        """<article><div class="image-caption"><p>A gunboat at sea.</p></div><p>Gunboats blocked the harbour.</p>
        <p>Photo: Ada Lund/EPA</p><p class="byline">Ada Lund</p><p>Fishermen freed two sailors.</p></article>""",
        ["Gunboats blocked the harbour.", "Fishermen freed two sailors."],
    ),
    "teasers": (
        """<article><p>Gunboats blocked the harbour.</p><p><b>Related: </b><a href="b">Mayor shot dead in Ovar</a></p>
        <p>READ ALSO | Truce in the hills</p><p>Fishermen freed two sailors.</p><h3>Most read</h3>
        <ul><li><a href="c">Ten dead in raid</a></li></ul><p>Reporting by Ada Lund; editing by Bo Ek</p></article>""",
        ["Gunboats blocked the harbour.", "Fishermen freed two sailors."],
    ),
    "live blog": (
        """<main><h1>Live: the harbour crisis</h1><section><time>09:41</time><h2>Gunboats leave</h2>
        <p>The gunboats left the harbour.</p></section><section><p><time>09:12</time> Two sailors are free.</p></section>
        <div>Updated 09:00 GMT</div><div>Talks <b>began</b> at dawn.<p>They ended at noon.</p>Nobody spoke.</div></main>""",
        [
            "Live: the harbour crisis", "Gunboats leave", "The gunboats left the harbour.", "Two sailors are free.",
            "Talks began at dawn.", "They ended at noon.", "Nobody spoke.",
        ],
    ),
    "time in a sentence": (
        "<article><p><time>Monday</time> saw talks at <time>09:41</time> in the harbour.</p><!-- ad -->It rained.</article>",
        ["Monday saw talks at 09:41 in the harbour.", "It rained."],
    ),
    "line breaks": (
        "<article><p>Gunboats left.<br>It rained.<br><br>Fishermen freed two sailors.</p><script>x = 1</script></article>",
        ["Gunboats left.", "It rained.", "Fishermen freed two sailors."],
    ),
}  # fmt: skip


@pytest.mark.parametrize("prose", [0, 6], ids=["short", "long"])
@pytest.mark.parametrize("name", BODIES)
def test_a_page_is_read_as_its_prose_block_by_block(name, prose, tmp_path):
    body, sentences = BODIES[name]
    more = [
        f"On day {k} of the blockade the harbour master wrote to the ministry, which did not answer."
        for k in range(prose)
    ]
    tail = "".join(f"<p>{line}</p>" for line in more)
    for end in ("</article>", "</main>"):
        body = body.replace(end, tail + end)
    path = tmp_path / "a.html"
    path.write_text(
        f"<html><head><title>Harbour</title></head><body><nav>Home</nav>{body}</body></html>", encoding="utf-8"
    )
    assert split_sentences(read_article(on_disk(path))[0]) == sentences + more


def test_a_page_of_furniture_has_no_main_text(tmp_path):
    path = tmp_path / "a.html"
    path.write_text("<html><body><article><p>Advertisement</p><p>Read more</p></article></body></html>")
    with pytest.raises(InputError, match="no main text"):
        read_article(on_disk(path))
