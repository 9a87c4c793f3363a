"""Texts and file names that mean something to a shell, a page, a format, a pattern or a terminal."""

MARKUP = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
COMMANDS = "$(touch pwned); `touch pwned` | touch pwned & touch pwned"
FORMATS = "{wildcards} {input} {0} {{ 7 * 7 }} {% x %} %n%s %(x)s ${7*7}"
QUOTES = "it's \"quoted\" 'twice' \\"
TEXTS = (
    MARKUP,
    COMMANDS,
    FORMATS,
    QUOTES,
    "=cmd|' /C calc'!A0",
    "../../etc/passwd",
    "-rf",
    "a_b & c%, #1 ~ ^ $x$",
    "💥 ü 漢",
)
"""Texts of one line that can be seen; they are refused or shown as they are."""
FILES = (
    *("$(touch pwned).mp4", "a;rm -rf b.mp4", "`touch pwned`.mp4", '"><img src=x onerror=alert(1)>.mp4', "-rf.mp4"),
    *("%n%s.mp4", 'it\'s "quoted".mp4', "a&b|c.mp4", "#?query=1.mp4", "~.mp4"),
    *("back\\slash.mp4", "*[a].mp4", "ü💥漢.mp4", "=1+1.mp4", "two  spaces .mp4", "a..mp4", "$HOME.mp4"),
)
"""Names of clips that are taken as they are."""
REFUSED_FILES = {
    "new\nline.mp4": "odd name",
    "\u202egpj.4pm.mp4": "odd name",
    "bell\x07\x1b[31m.mp4": "odd name",
    "{wildcards}.mp4": "odd name",
    "{{ 7 * 7 }}.mp4": "odd name",
    "n" * 250 + ".mp4": "name too long",
    "no text \udcff.mp4": "name not UTF-8",
}
"""Names that cannot be used → why."""
