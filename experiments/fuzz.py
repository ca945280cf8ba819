"""Look for bytes that a reader or the analyser does not stand, guided by which code they reach (atheris).

    pip install -e '.[fuzz]'
    python experiments/fuzz.py [SECONDS] [KIND ...]

SECONDS (180) are shared out over the kinds: each kind of file by its suffix, standard input (`lines`, `table` and `article`)
and `texts` for the analyser. Whatever is read must be counted (read = scored + set aside) and hold sound strings;
whatever cannot be read must be a `DetenteError`. What breaks this is kept in build/fuzz/, a file each, and the exit code is 1.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace

KEPT = Path(__file__).parents[1] / "build" / "fuzz"
PAGE = "<html><head><meta charset=utf-8><title>War</title></head><body><article><h1>War</h1><p>%s</p></article></body></html>"
FEED = "<rss version='2.0'><channel><item><title>War</title><pubDate>Mon, 01 Jan 2024 10:00:00 GMT</pubDate><description>&lt;p&gt;Rebels fired.</description></item></channel></rss>"
ATOM = "<feed xmlns='http://www.w3.org/2005/Atom'><entry><title>War</title><updated>2024-01-01T10:00:00Z</updated><content type='html'>Rebels &amp;amp; army</content></entry></feed>"
MAIL = "From: a@b\nDate: Mon, 01 Jan 2024 10:00:00 +0000\nSubject: =?utf-8?q?War=21?=\nMIME-Version: 1.0\nContent-Type: %s\n\n%s\n"
PARTS = MAIL % (
    "multipart/alternative; boundary=x",
    "--x\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\ncaf=E9\n"
    "--x\nContent-Type: text/html\nContent-Transfer-Encoding: base64\n\nPHA+UmViZWxzIGZpcmVkLjwvcD4=\n--x--",
)
STDIN = {"lines": "text", "table": None, "article": "text"}  # how standard input is read; None: as it is recognised
SENTENCES = "Rebels fired on the town. Chad sent food to Niger. \u201cNever,\u201d he said \u2014 but talks weren't halted in the U.S.\n"


def excel() -> bytes:
    """Two sheets, not compressed, so that changes reach what is inside."""
    import pandas as pd

    sink, plain = io.BytesIO(), io.BytesIO()
    with pd.ExcelWriter(sink) as book:
        pd.DataFrame({"id": [1, 2], "text": ["Rebels fired.", None]}).to_excel(book, sheet_name="a", index=False)
        pd.DataFrame({"n": [0.5]}).to_excel(book, sheet_name="b")
    with zipfile.ZipFile(sink) as packed, zipfile.ZipFile(plain, "w") as copy:
        for name in packed.namelist():
            if name != "xl/theme/theme1.xml":  # nobody reads these ten kilobytes
                copy.writestr(name, packed.read(name))
    return plain.getvalue()


def stata(version: int) -> bytes:
    """A table with a date and, in the newer format, a long string."""
    import pandas as pd

    sink = io.BytesIO()
    frame = pd.DataFrame({"text": ["Rebels fired.", "Talks"], "n": [1, 2], "at": pd.to_datetime(["2024-01-01"] * 2)})
    frame.to_stata(sink, version=version, convert_strl=["text"] if version > 114 else None, write_index=False)
    return sink.getvalue()


def pdf(text: str) -> bytes:
    """One page, not compressed."""
    drawn = "".join(f"({line}) Tj T*\n" for line in text.split(". "))
    parts = ["<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>"]
    parts += ["<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>"]
    drawn = f"BT /F 12 Tf 14 TL 50 700 Td\n{drawn}ET"
    parts += [f"<</Length {len(drawn)}>>stream\n{drawn}\nendstream", "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"]
    body = "%PDF-1.4\n" + "".join(f"{n} 0 obj{part}endobj\n" for n, part in enumerate(parts, 1))
    return f"{body}trailer<</Root 1 0 R/Size 6>>\n%%EOF".encode()


def seeds() -> dict[str, list[bytes]]:
    """Small sound inputs of every kind."""
    import pandas as pd
    import pyarrow as pa

    rows = [{"id": 1, "text": "Rebels fired.", "at": None}, {"id": 2, "text": "Talks \u00e9", "more": [1, {"a": 0.5}]}]
    mail = MAIL % ("text/plain; charset=utf-8", "Rebels fired on the town.")
    written = {
        "csv": ['id,text\n1,"Rebels, ""so called"", fired\nagain"\n2,NA\n3\n', "text;n\r\nRebels fired;1\r\n;\r\n", "\ufefftext\nTalks\n"],
        "tsv": ["id\ttext\n1\tRebels fired\n2\t\n", "text\tn\tm\nTalks\t\t\n"],
        "jsonl": ["\n".join(map(json.dumps, rows)) + "\n", '{"text": "a\\ud83d\\ude00"}\nnull\n{"text": 1}\n'],
        "json": [json.dumps(rows), '[\n{"text": "a b"}\n, {"text": null}]', json.dumps([1, "a", [rows]])],
        "rss": [FEED, FEED.replace("<channel>", "<channel><item/>")],
        "atom": [ATOM],
        "html": [PAGE % SENTENCES, PAGE % (SENTENCES * 4 + "<script>x</script><table><tr><td>1</table>")],
        "eml": [mail, PARTS],
        "mbox": [f"From a@b Thu Jan  1 00:00:00 1970\n{one}" * 2 for one in (mail, PARTS)],
        "txt": [SENTENCES, "\ufeffcaf\u00e9\x0c\r\n\r\n" + SENTENCES],
        "texts": [SENTENCES, "UN urges both sides not to stop, did it?\n\u0130zmir \u653f\u5e9c e\u0301 #tag @x http://a.b/c 1,000.5%\n"],
    }  # fmt: skip
    found = {kind: [text.encode() for text in texts] for kind, texts in written.items()}
    found["csv"] += ["text\ncaf\u00e9 \u0153\n".encode("utf-16"), "text\ncaf\u00e9 ol\u00e9\n".encode("latin-1")]
    found["csv.gz"] = [gzip.compress(found["csv"][0]), gzip.compress(b"text\na b\n") * 2]
    found["jsonl.gz"] = [gzip.compress(found["jsonl"][0])]
    found["csv.bz2"] = [bz2.compress(found["csv"][0])]
    found["csv.zst"], packed = ([pa.compress(found[kind][0], "zstd", asbytes=True)] for kind in ("csv", "jsonl"))
    found["jsonl.zst"] = [*packed, packed[0] * 2]
    found["xlsx"], found["dta"] = [excel()], [stata(114), stata(118)]
    found["pdf"] = [pdf("Rebels fired on the town. " * 9), pdf("Talks")]
    found["lines"] = [*found["txt"], "a b\r\n\n\u2028c\n".encode(), "caf\u00e9\n".encode("utf-16")]
    found["table"], found["article"] = found["csv"][:3] + found["tsv"] + found["jsonl"] + found["json"], found["txt"]
    columns = ({"text": ["Rebels fired.", None, ""], "n": [1, 2, None]}, {"text": [b"a b"], "l": [[1, 2]]})
    found["parquet"] = [pd.DataFrame(one).to_parquet() for one in columns]
    return found


def reads(suffix: str) -> Callable[[bytes], None]:
    """A target: a file of a kind, or standard input, is read to its end, or refused with a word of explanation."""
    from pipeline.errors import DetenteError
    from pipeline.read.documents import ReadOptions
    from pipeline.read.inputs import read_inputs

    path = Path(tempfile.mkdtemp(prefix="fuzz-")) / f"input.{suffix}"

    options = ReadOptions(set_aside=True, articles=suffix == "article", stdin_format=STDIN.get(suffix))

    def target(data: bytes) -> None:
        if suffix in STDIN:
            sys.stdin = SimpleNamespace(buffer=io.BufferedReader(io.BytesIO(data)))
        else:
            path.write_bytes(data)
        try:
            for batch in read_inputs(["-" if suffix in STDIN else str(path)], options):
                assert batch.read == len(batch) + len(batch.rejects), "rows were lost"
                batch.texts.validate(full=True)
        except DetenteError as error:
            assert str(error)  # noqa: PT017

    return target


@cache
def lexicon():
    """What a few sentences teach."""
    from pipeline.read.cleaning import clean
    from pipeline.text.lexicon import learn

    return learn(clean([SENTENCES] * 5))


def analysed(data: bytes) -> None:
    """A target: any text is cleaned, cut into sentences and read as words that lie within it."""
    from pipeline.read.cleaning import clean
    from pipeline.read.sentences import distinct_sentences
    from pipeline.text import analysis

    texts = data.decode(errors="replace").split("\n")
    cleaned = clean(texts)
    tokens, sequence = analysis.read(cleaned, lexicon())
    assert len(cleaned) == len(texts) == len(sequence.bounds) - 1, "texts were lost"
    assert (sequence.token < len(tokens)).all(), "a word lies outside"
    for text in texts:
        kept = {char for one in distinct_sentences(text) for char in one.text if char.isalpha()}
        assert kept <= set(text), "a sentence has letters that the text has not"


def fuzz(kind: str, seconds: int) -> None:
    """Fuzz one kind in this process, which libFuzzer ends."""
    import atheris

    read_by = ["pipeline", "email", "csv", "sentencex", "openpyxl", "pypdf"]
    with atheris.instrument_imports(include=read_by, enable_loader_override=False):
        target = analysed if kind == "texts" else reads(kind)
        target(seeds()[kind][0])  # imports what is imported late
    corpus = Path(tempfile.mkdtemp(prefix="fuzz-corpus-"))
    for number, seed in enumerate(seeds()[kind]):
        (corpus / f"seed-{number}").write_bytes(seed)
    KEPT.mkdir(parents=True, exist_ok=True)
    options = [f"-max_total_time={seconds}", f"-artifact_prefix={KEPT}/{kind}-"]
    atheris.Setup([sys.argv[0], *options, "-max_len=10000", "-timeout=20", "-seed=1", str(corpus)], target)
    atheris.Fuzz()


def main() -> int:
    if sys.argv[1:2] == ["--one"]:
        fuzz(sys.argv[2], int(sys.argv[3]))
        return 0
    seconds, *kinds = sys.argv[1:] or ["180"]
    kinds, failed = kinds or list(seeds()), 0
    print("| kind | inputs tried | places reached | failed |\n|---|---|---|---|")
    for kind in kinds:
        words = [sys.executable, __file__, "--one", kind, str(max(1, int(seconds) // len(kinds)))]
        done = subprocess.run(words, check=False, capture_output=True, text=True, errors="replace")
        counts = re.findall(r"^#(\d+).* cov: (\d+)", done.stderr, re.MULTILINE)
        tried, reached = counts[-1] if counts else ("0", "0")
        print(f"| {kind} | {tried} | {reached} | {'yes' if done.returncode else 'no'} |", flush=True)
        if done.returncode:
            failed += 1
            print("\n".join((done.stdout + done.stderr).splitlines()[-40:]), file=sys.stderr)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
