"""Snippets as they come from the web: one text with each edge and each kind of broken characters.

`detente check` compares the stance of each with that of the plain text.
"""

from __future__ import annotations

import html
import re

EDGES = """
KABUL (Reuters) - {}
GENEVA, Oct 3 (AFP) — {}
BEIRUT, Lebanon (AP) -- {}
MOSCOW, May 12. /TASS/. {}
Reuters: {}
BBC News - {}
The Guardian: {}
Site.net | {}
News | {}
By Jane Doe, Reuters - {}
[Updated 10:32 GMT] {}
Published: 13 January 2022 {}
2022-01-13 07:12 {}
5 hours ago {}
10:45 | {}
Read more: {}
BREAKING: {}
UPDATE 2-{}
Share this article {}
Share this: Facebook Twitter {}
Share Tweet {}
RT @desk: {}
@desk_news: {}
#Tigray #Peace {}
https://t.co/Ab3 {}
• {}
2) {}
{} (13.01.22 07:12)
{} 13 Jan 2022, 07:12 GMT
{} Last updated: 10:32 GMT
{} 2 hours ago
{} - Reuters
{} — BBC News
{} | The Guardian
{} | World | Site.net
{} « War in X | Site.NET
{} (Reuters)
{} /Reuters/
{} (Photo: AFP)
{} (AP Photo/Jane Doe)
{} Image source, Getty Images
{} Photo: AFP
{} © 2022 Site.net. All rights reserved.
{} Copyright 2022 AFP
{} (Reporting by Jane Doe; editing by John Roe)
{} Read more »
{} [Read more]
{} Share this article
{} Print Email Share
{} Subscribe now
{} – as it happened
{} via @desk
{} #peace #UN
{} https://t.co/Ab3
{} bit.ly/2Xy3 www.site.net
""".strip().split("\n")
_INVISIBLE = {
    "a soft hyphen": "\xad",
    "a zero-width space": "\u200b",
    "a zero-width joiner": "\u200d",
    "a grapheme joiner": "\u034f",
    "a variation selector": "\ufe0f",
    "a soft hyphen as an entity": "&shy;",
}
_LIGATURES = {"ffi": "\ufb03", "ffl": "\ufb04", "ff": "\ufb00", "fi": "\ufb01", "fl": "\ufb02"}
_FULL_WIDTH = {code: code + 0xFEE0 for code in range(ord("!"), ord("~") + 1)}
_LONG_WORD = re.compile(r"([a-z]{3})([a-z]{3,})")


def spoiled(text: str) -> dict[str, str]:
    """A text with each edge and each kind of broken characters, by name; those that change nothing are left out.

    Examples
    --------
    >>> texts = spoiled("Rebels' office raided")
    >>> texts["{} - Reuters"], texts["entities"], texts["non-breaking spaces as entities"]
    ("Rebels' office raided - Reuters", 'Rebels&#39; office raided', "Rebels'&nbsp;office&nbsp;raided")
    """
    out = {edge: edge.replace("{}", text) for edge in EDGES} | _broken(text)
    return {name: other for name, other in out.items() if other != text}


def _broken(text: str) -> dict[str, str]:
    curly = "\u201c" + text.replace("'", "\u2019") + "\u2026"
    entities = re.sub(r"[^\w ]", lambda mark: f"&#{ord(mark[0])};", text)
    ligatures = text
    for letters, one in _LIGATURES.items():
        ligatures = ligatures.replace(letters, one)
    return {
        **{name: _LONG_WORD.sub(rf"\1{one}\2", text) for name, one in _INVISIBLE.items()},
        "a word hyphenated at the end of a line": _LONG_WORD.sub("\\1-\n\\2", text, count=1),
        "a soft hyphen at the end of a line": _LONG_WORD.sub("\\1\xad\n\\2", text, count=1),
        "marks of direction": "\u202a" + text.replace(" ", " \u200e") + "\u061c\u202c",
        "a byte order mark": "\ufeff" + text,
        "entities": entities,
        "entities, doubly encoded": html.escape(entities),
        "entities without an ampersand": text.replace("'", " #39;"),
        "quotation marks as entities, doubly encoded": f"&amp;ldquo;{text}&amp;rdquo;",
        "non-breaking spaces": text.replace(" ", "\xa0"),
        "non-breaking spaces as entities": text.replace(" ", "&nbsp;"),
        "non-breaking spaces, misread": text.replace(" ", "\xc2\xa0"),
        "narrow spaces": text.replace(" ", "\u202f"),
        "line ends": text.replace(" ", "\r\n"),
        "line ends, escaped twice": text.replace(" ", "\\n", 1),
        "non-breaking hyphens": text.replace("-", "\u2011"),
        "ligatures": ligatures,
        "full-width letters": text.translate(_FULL_WIDTH),
        "HTML tags": f"<p><b>{text}</b></p>",
        **{f"curly quotes misread as {code}": _misread(curly, code) for code in ("cp1252", "cp1251", "mac-roman")},
        "curly quotes misread twice": _misread(_misread(curly.replace("\u2026", ""), "cp1252"), "cp1252"),
    }


def _misread(text: str, code: str) -> str:
    """UTF-8 decoded as another code page."""
    return text.encode().decode(code)
