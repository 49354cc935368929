# The project's formatter and linters pass over this file: updates replace it.
# fmt: off
# flake8: noqa
"""Shell text as simple commands, or Unclear: the part of guard.py that reads what bash and zsh would read.

Understood are words with quotes, `*`, `?` and `[…]`; `|`, `&&`, `||`, `;` and new lines between commands;
`< FILE`, `> FILE`, `>> FILE`, `2>&1` and the like. Everything else (variables, substitution, braces, loops,
functions, heredocs, comments, background jobs) is Unclear. Both shells read what is left alike.
"""
import re
from collections import namedtuple

LONGEST = 10000
# Unquoted wildcards travel through a pattern as private-use characters.
STAR, ONE = "\ue000", "\ue001"
KEYWORDS = set("if then else elif fi for while until do done case esac select function coproc repeat foreach"
               " end nocorrect noglob [[ -".split())
OPERATOR = re.compile(r"&&|\|\||[;\n|]")
REDIRECTION = re.compile(r"(?:[12]?>&[12](?![\w&])|(?:[12]|&)?>>?(?![|&(>])|<(?![<(&>]))[ \t]*")
PLAIN = re.compile(r"(?:@\{\w+\}|[^\s'\"\\$`|&;<>(){}*?\[\]!~=#\ue000-\uf8ff])+")
IN_DOUBLE_QUOTES = re.compile(r'[^"\\$`\ue000-\uf8ff]+')
CLASS = re.compile(r"\[[^\[\]/\s]+\]")  # any one character: more than the class holds, never less
ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=")


class Unclear(Exception):
    """Shell text that is more than simple commands; the message names the first thing that is."""


# pattern: the text with STAR and ONE for its wildcards, empty for a word without. end: where it ends.
Word = namedtuple("Word", "text pattern end")
# Words; words behind `<`; words behind `>` and `>>`; the operators before and after it.
Command = namedtuple("Command", "words reads writes joins")


class Reader:
    def __init__(self, text: str, home: str) -> None:
        self.text, self.home, self.at = text, home, 0

    def commands(self) -> list[Command]:
        """The simple commands of the text (list of Command)."""
        found, current = [], Command([], [], [], [""])
        while self.at < len(self.text):
            operator = OPERATOR.match(self.text, self.at)
            redirection = REDIRECTION.match(self.text, self.at)
            if self.text[self.at] in " \t":
                self.at += 1
            elif operator:
                if operator.group() not in ";\n" and not current.words:
                    raise Unclear("an operator without a command")
                current.joins.append(operator.group())
                found.append(current)
                current, self.at = Command([], [], [], [operator.group()]), operator.end()
            elif redirection:
                self.at = redirection.end()
                if ">&" not in redirection.group():
                    current[1 if redirection.group().startswith("<") else 2].append(self.word())
            else:
                current.words.append(self.word())
        found = [command for command in [*found, current] if any(command[:3])]
        for command in found:
            if not command.words or command.words[0].text in KEYWORDS or command.words[0].pattern:
                raise Unclear("shell syntax beyond simple commands")
        return found

    def word(self) -> Word:
        start, out = self.at, ""
        while self.at < len(self.text):
            char, rest = self.text[self.at], self.text[self.at:self.at + 2]
            plain = PLAIN.match(self.text, self.at)
            if plain:
                out, self.at = out + plain.group(), plain.end()
            elif char == "'":
                end = self.text.find("'", self.at + 1)
                if end < 0:
                    raise Unclear("a quote that is not closed")
                out, self.at = out + self.text[self.at + 1:end], end + 1
            elif char == '"':
                out += self.double_quoted()
            elif rest == "\\\n":
                self.at += 2
            elif char == "\\" and len(rest) == 2:
                out, self.at = out + rest[1], self.at + 2
            elif rest == "$?":
                out, self.at = out + "0", self.at + 2
            elif char == "*" or char == "?":
                out, self.at = out + (STAR if char == "*" else ONE), self.at + 1
            elif char == "[" and CLASS.match(self.text, self.at):
                out, self.at = out + ONE, self.text.index("]", self.at) + 1
            elif char in "[]" and re.match(r".(?:\s|$)", self.text[start:start + 2]):
                out, self.at = out + char, self.at + 1
            elif char == "~" and self.at == start and re.match(r"~(?:/|\s|$)", self.text[start:]):
                out, self.at = self.home, self.at + 1
            elif char in "~#=" and self.at > start:
                out, self.at = out + char, self.at + 1
            elif char in " \t\n|&;<>":
                break
            else:
                raise Unclear("`%s`" % char)
        if self.at == start:
            raise Unclear("a redirection without a file")
        pattern = out if STAR in out or ONE in out else ""
        return Word(out.replace(STAR, "*").replace(ONE, "?"), pattern, self.at)

    def double_quoted(self) -> str:
        out, at = "", self.at + 1
        while at < len(self.text):
            plain = IN_DOUBLE_QUOTES.match(self.text, at)
            rest = self.text[at:at + 2]
            if plain:
                out, at = out + plain.group(), plain.end()
            elif rest[0] == '"':
                self.at = at + 1
                return out
            elif rest == "$?":
                out, at = out + "0", at + 2
            elif rest == '$"':  # a regular expression's end
                out, at = out + "$", at + 1
            elif rest[0] == "\\" and len(rest) == 2 and rest[1] != "\n":
                out, at = out + (rest[1] if rest[1] in '"\\$`' else rest), at + 2
            else:
                raise Unclear("`%s` in double quotes" % rest[0])
        raise Unclear("a quote that is not closed")


def parse(text: str, home: str) -> list[Command]:
    """The simple commands that shell text (str) is made of; raises Unclear."""
    if len(text) > LONGEST:
        raise Unclear("a very long command")
    if not all(char.isprintable() or char in "\t\n" for char in text):
        raise Unclear("a control character")
    return Reader(text.strip(), home).commands()


PIECES = re.compile(r"[\s=:,;|&<>(){}'\"`$@\\]+")


def pieces(text: str) -> set[str]:
    """Whatever could be the name of a file in text that is not understood; braces are a wildcard."""
    text = text[:LONGEST]
    forms = (text, re.sub(r"['\"\\]", "", text), re.sub(r"\{[^{}\s]*,[^{}\s]*\}", "*", text))
    return {piece for form in forms for piece in PIECES.split(form) if piece}
