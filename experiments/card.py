"""Write the counts of the corpus into the data card, between its two marks.

python experiments/card.py
"""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from pipeline.corpus.labelled import SNIPPETS
from pipeline.stance import LABELS
from pipeline.text.scope import REVERSALS

DATA = Path(__file__).parents[1] / "data"
MARKS = ("<!-- counts -->", "<!-- end of counts -->")
REGIONS = {
    "Americas": "U.S. United States|American|Washington|Canad|Mexic|Brazil|Argentin|Chile|Peru|Colombia|Venezuela|Cuba|Haiti|Bolivia|Ecuador|Guatemala|Nicaragua|Honduras|Texas",
    "Europe": "Europe|EU |Brit|London|Fran|French|Paris|German|Berlin|Ital|Rome|Spain|Spanish|Poland|Polish|Ukrain|Kyiv|Russia|Moscow|Serbia|Kosovo|Greece|Greek|Hungar|Belarus|Irish|Ireland|Swed|Norw|Turk|Ankara",
    "Middle East and North Africa": "Israel|Palestin|Gaza|Hamas|Iran|Iraq|Syria|Yemen|Houthi|Saudi|Qatar|Leban|Jordan|Egypt|Libya|Tunis|Alger|Morocc|Kuwait|Bahrain",
    "Africa south of the Sahara": "Sudan|Ethiopia|Eritrea|Somali|Kenya|Uganda|Rwanda|Congo|Nigeria|Mali|Niger|Chad|Ghana|Senegal|Zimbabwe|South Africa|Angola|Mozambique|Tanzania|Zambia|African",
    "Asia and the Pacific": "China|Chinese|Beijing|Japan|Tokyo|Korea|Seoul|Pyongyang|India|Delhi|Pakistan|Afghan|Kabul|Taliban|Bangladesh|Nepal|Sri Lanka|Myanmar|Thai|Vietnam|Cambodia|Philippin|Indonesia|Malaysia|Australia|Taiwan|Hong Kong|Armenia|Azerbaijan|Kazakh",
}
LENGTHS = (("up to 9 words", 0, 9), ("10 to 19 words", 10, 19), ("20 words and more", 20, 10**6))


def table(head: tuple[str, ...], rows) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def counts() -> str:
    codebook = pd.read_csv(DATA / "codebook.csv")
    snippets = pd.concat([pd.read_csv(DATA / name) for name in (*SNIPPETS, "other_news.csv")])
    reversing = snippets.text.map(lambda text: bool(set(re.findall(r"\w+", text.lower())) & REVERSALS))
    words = snippets.text.str.split().map(len)
    events = [
        (e, (snippets.event == e).sum(), f"{reversing[snippets.event == e].mean():.0%}", (codebook.event == e).sum())
        for e in LABELS
    ]
    whole = ("all", len(snippets), f"{reversing.mean():.0%}", len(codebook))
    lengths = [(name, ((words >= low) & (words <= high)).sum()) for name, low, high in LENGTHS]
    regions = [(name, snippets.text.str.contains(names).sum()) for name, names in REGIONS.items()]
    labels = table(("label", "snippets", "with a reversing word", "phrases"), [*events, whole])
    places = table(("names a place in", "snippets"), regions)
    return "\n\n".join((labels, table(("length", "snippets"), lengths), places))


def main() -> None:
    card = DATA / "README.md"
    before, _, rest = card.read_text().partition(MARKS[0])
    after = rest.partition(MARKS[1])[2] if MARKS[1] in rest else rest
    card.write_text(f"{before}{MARKS[0]}\n\n{counts()}\n\n{MARKS[1]}{after}")


if __name__ == "__main__":
    main()
