"""Stems: words of one family share one, and so do British and American spellings."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import Stemmer

from pipeline.arrays.arrow import as_strings

NOT = "not"
# Matched by ending: words spelled alike in both are changed alike ("promise" too), and only the stems matter.
_SPELLINGS = (
    (r"([a-z]{3})is(e|ed|es|er|ers|ing|ation|ations)$", r"\1iz\2"),
    (r"([a-z]{2}[bdglmnpv])our(|s|ed|ing|er|ers|ite|ites|able|hood|ly)$", r"\1or\2"),
    (r"^(.*[aeiou].*[^aeiou])ell(ed|ing)$", r"\1el\2"),
    (r"(def|off|pret|lic)enc(e|es|ed)$", r"\1ens\2"),
    (r"^(.*)(cent|theat|met|fib)re(|s)$", r"\1\2er\3"),
    (r"programme(|s)$", r"program\1"),
)
_NEGATED = {"cannot": NOT, "nt": NOT}
# Words that Snowball would merge with words of another sense: "execute", "relations", "intern", "import",
# "author", "unite". They keep a stem of their own.
_APART = {
    word: family.split()[0]
    for family in (
        "executive executives",
        "related relative relatives",
        "international internationally",
        "internal internally",
        "important importance importantly",
        "authority authorities",
        "unit units",
    )
    for word in family.split()
}


def stem(lower: pa.Array, stems: bool) -> pa.Array:
    """The stems of lower-case words, or the words themselves; British and American spellings share a stem."""
    if not stems or not len(lower):
        return lower
    for british, american in _SPELLINGS:
        lower = pc.replace_substring_regex(lower, british, american)
    words = lower.to_pylist()
    stemmed = Stemmer.Stemmer("english").stemWords(words)
    return as_strings([_APART.get(word) or _NEGATED.get(cut, cut) for word, cut in zip(words, stemmed)])
