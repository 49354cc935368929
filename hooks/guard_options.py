# The project's formatter and linters pass over this file: updates replace it.
# fmt: off
# flake8: noqa
"""Which options and words a program may have: the part of guard.py that reads `programs` of project.json.

An entry is `KIND OPTION OPTION …`. KIND says what the other words are; guard.py has a method for each.
Options: `-x` takes nothing, `-k=` a value, `-k=V` the value V alone, `-#` is any number, `+-x` must be there,
`-x!` makes the other words files that are written, `word` is that word itself. What is not listed is Doubt:
an abbreviation, a bundle with an unknown letter, a value that begins with a dash, an `@` or a quote.
"""
import re

from guard_files import Doubt

COMMANDS = ("command", "installed", "timed")  # kinds whose first word begins a command of its own


class Entry:
    def __init__(self, text: str) -> None:
        self.kind, *tokens = text.split()
        self.flags, self.words, self.needed, self.writing = set(), set(), set(), set()
        self.values: dict[str, set[str]] = {}
        for token in tokens:
            if token[0] == "+":
                token = token[1:]
                self.needed.add(token)
            if token[-1] == "!" and token != "!":
                token = token[:-1]
                self.writing.add(token)
            name, equals, value = token.partition("=")
            if name[0] != "-":
                self.words.add(name)
            elif equals:
                self.values.setdefault(name, set()).add(value)
            else:
                self.flags.add(name)

    def takes(self, name: str, value: str) -> bool:
        listed = self.values.get(name, ())
        plain = value[:1] not in ("-", "@", '"') and "%output" not in value
        return value in listed or ("" in listed and plain)

    def read(self, args: list) -> tuple[list, list]:
        """([(option, value or "")], [further words]) of a program's words; raises Doubt."""
        found, words, at = list[tuple](), [], 0
        while at < len(args):
            arg, at = args[at], at + 1
            text, following = arg.text, args[at].text if at < len(args) and not args[at].pattern else "-"
            name, equals, value = text.partition("=")
            if not text.startswith("-") or text == "-":
                words.append(arg)
                if self.kind in COMMANDS:
                    return found, words + args[at:]
            elif arg.pattern:
                raise Doubt("`%s` could be an option" % text)
            elif text == "--" and self.kind not in COMMANDS:
                words.append(arg)  # what follows is held to the same list
            elif following in self.values.get(text, ()):
                found.append((text, following))
                at += 1
            elif text in self.flags or ("-#" in self.flags and re.fullmatch(r"-\d+", text)):
                found.append((text, ""))
            elif equals and self.takes(name, value):
                found.append((name, value))
            elif self.takes(text, following):
                found.append((text, following))
                at += 1
            else:
                at += self.bundle(text, following, found)
        if self.needed - {name for name, _ in found}:
            raise Doubt("without %s it does more than look" % " ".join(sorted(self.needed)))
        return found, words

    def bundle(self, text: str, following: str, found: list) -> int:
        """Short options in one word, such as -xvs or -n4; how many further words they take (0 or 1)."""
        for place, letter in enumerate(text[1:], 1) if text[1] != "-" else ():
            name, rest = "-" + letter, text[place + 1:]
            if name in self.flags:
                found.append((name, ""))
                if not rest:
                    return 0
            elif self.takes(name, rest or following):
                found.append((name, rest or following))
                return 0 if rest else 1
            else:
                break
        raise Doubt("`%s` is not on the list of what runs unasked" % text)
