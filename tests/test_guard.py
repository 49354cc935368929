"""guard.py: every leak in the table is a true one (run in bash, the marker appears) and is refused.

Three repositories: `ignored` keeps its secrets out of git but had some in its history, `tracked` has them in
git, `clean` never held one. Harmless commands are run too: none of them may show the marker.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from conftest import unavailable
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

HOOK = Path(__file__).resolve().parents[1] / "hooks" / "guard.py"
MARKER = "hunter2-marker"
PROJECT = {
    "stack": "fastapi-postgres",
    "permissions": "standard",
    "methodology": ["tdd", "kiss"],
    "claude_md": "CLAUDE.md",
    "commands": {
        "install": "uv sync",
        "services": "docker compose up -d --wait",
        "test": "uv run pytest",
        "test_one": "uv run pytest PATH::NAME",
        "lint": "uv run ruff check .",
        "format": "uv run ruff format .",
        "new_migration": 'uv run alembic revision --autogenerate -m "NAME"',
        "check_migrations": "make check",
        "build": "mvn test",
        "frontend": "npm test",
        "jest": "npx dotenv -e .env -- jest",
        "gradle": "./gradlew test",
        "go": "go test ./...",
    },
    "paths": {
        "source": ["app/**/*.py"],
        "tests": ["tests/**"],
        "migrations": ["**/migrations/versions/*.py", "prisma/migrations/**/migration.sql"],
    },
    "secrets": [".env", ".env.*", "*.pem", "*.key", "id_rsa", "secrets/**", "!public.key"],
}
OLD = "app/migrations/versions/0001_init.py"
NEW = "app/migrations/versions/0002_new.py"
SQL = "prisma/migrations/20240101_init/migration.sql"

# (repository, command, why it leaks, [what to run after it to see the leak])
LEAKS = [
    ("ignored", "cat .env", "named"),
    ("ignored", "cat ./app/../.env", "named through .."),
    ("ignored", "cat service/.env", "nested"),
    ("ignored", "cat secrets/db.key", "in a secret folder"),
    ("ignored", 'cat "$PWD/.env"', "absolute, by variable"),
    ("ignored", "cat app/link", "a symbolic link"),
    ("ignored", 'cat "secrets/my key.key"', "a space in the name"),
    ("ignored", "cat '.e'nv", "quotes inside the word"),
    ("ignored", "cat .e\\nv", "an escape inside the word"),
    ("ignored", "cat $'\\x2eenv'", "ANSI-C quoting"),
    ("ignored", "cat .e*", "glob"),
    ("ignored", "head .e?v", "one-character glob"),
    ("ignored", "cat .en[v]", "character class"),
    ("ignored", "cat .en[[:lower:]]", "POSIX class"),
    ("ignored", "cat .en[!x]", "negated class"),
    ("ignored", "cat .{env,gitignore}", "braces"),
    ("ignored", "cat .en{u..w}", "brace range"),
    ("ignored", "cat */.env", "glob in the folder"),
    ("ignored", "cat s*/*.key", "globs in both parts"),
    ("ignored", "cat secrets/*", "everything in a secret folder"),
    ("ignored", "shopt -s dotglob; cat *", "dotglob", ""),
    ("ignored", "shopt -s extglob\ncat .@(env|x)", "extended glob"),
    ("ignored", "shopt -s globstar; cat **/*.key", "recursive glob"),
    ("ignored", "f=.env; cat $f", "variable"),
    ("ignored", "f=.e; cat ${f}nv", "variable and text"),
    ("ignored", "f=.e; f+=nv; cat $f", "appended variable"),
    ("ignored", "a=(.env x); cat ${a[0]}", "array"),
    ("ignored", "cat ${x:-.env}", "default value"),
    ("ignored", "for f in .e*; do cat $f; done", "loop over a glob"),
    ("ignored", "for f in README.md .env; do\n  cat $f\ndone", "loop over names"),
    ("ignored", 'ls -A | while read -r f; do cat "$f" 2>/dev/null; done', "read from a pipe"),
    ("ignored", "while read -r f; do cat $f; done < <(ls -A | grep env)", "read from a process"),
    ("ignored", "cat < .env", "input redirection"),
    ("ignored", "echo $(<.env)", "substitution of a file"),
    ("ignored", 'echo "$(cat .env)"', "substitution in quotes"),
    ("ignored", "echo `cat .env`", "backticks"),
    ("ignored", "cat <<EOF\n$(cat .env)\nEOF", "substitution in a heredoc"),
    ("ignored", "cat $(echo .env)", "name from echo"),
    ("ignored", "cat `echo .e``echo nv`", "name from echo"),
    ("ignored", "cat $(ls -a | grep '^.env$')", "name from ls"),
    ("ignored", "cat $(find . -name '.e*v')", "name from find"),
    ("ignored", "cd secrets && cat db.key", "another folder"),
    ("ignored", "(cd service; cat .env)", "subshell"),
    ("ignored", "true; cat README.md && cat .env | head -3", "compound"),
    ("ignored", "if true; then cat .env; fi", "keyword before it"),
    ("ignored", "{ cat .env; }", "group"),
    ("ignored", "show() { cat .env; }; show", "function"),
    ("ignored", "grep -r hunter .", "recursive search"),
    ("ignored", "grep -rn hunter", "recursive search of the folder"),
    ("ignored", "grep -R hunter service", "of a folder that holds one"),
    ("ignored", "grep -rh --include='.e*' '' .", "with an include that matches"),
    ("ignored", "grep -d recurse hunter .", "another spelling of -r"),
    ("ignored", "egrep -r 'hunter|x' secrets", "egrep"),
    ("ignored", "grep '' .env", "search in the file"),
    ("ignored", "grep -e a -e u .env", "two patterns"),
    ("ignored", "grep -f .env README.md .gitignore app/notes.txt", "patterns from it", ""),
    ("ignored", "rg --hidden --no-ignore hunter", "rg, everything"),
    ("ignored", "rg -uu hunter", "rg, everything, short"),
    ("ignored", "rg -uuu hunter service", "rg, everything"),
    ("ignored", "rg -g '.env' hunter", "an rg glob overrides ignore files"),
    ("ignored", "rg --no-ignore hunter", "secrets/ is ignored, not hidden"),
    ("ignored", "rg hunter .env", "rg with the file"),
    ("ignored", "ag -u hunter", "ag, everything"),
    ("ignored", "find . -name '.env' -exec cat {} \\;", "find -exec"),
    ("ignored", "find . -type f -exec grep hunter {} +", "find -exec over all"),
    ("ignored", "find . -type f -print0 | xargs -0 grep hunter", "find and xargs"),
    ("ignored", "find . -path './sec*' -type f | xargs cat", "find by path"),
    ("ignored", "find . -name '*.py' -o -name '*.key' | xargs -d '\\n' cat", "find with -o"),
    ("ignored", "find . -name .env -exec sh -c 'cat \"$1\"' _ {} \\;", "find and a shell"),
    ("ignored", "echo .env | xargs cat", "xargs"),
    ("ignored", "echo .env | xargs -I@ cat @", "xargs with a place holder"),
    ("ignored", "xargs cat <<< .env", "xargs and a here-string"),
    ("ignored", "grep -rl hunter . | xargs cat", "names from a search"),
    ("ignored", "git ls-files -o | xargs -d '\\n' cat", "names from git"),
    ("ignored", "xargs -a .env echo", "xargs reads it"),
    ("ignored", "tar c . | tar xO", "archive of the tree"),
    ("ignored", "tar cf - secrets | cat", "archive of the folder"),
    ("ignored", "tar -C service -cf - . | cat", "archive in another folder"),
    ("ignored", "zip -q -0 -r - secrets | cat", "zip"),
    ("ignored", "cp -r secrets copy", "copy of the folder", "cat copy/db.key"),
    ("ignored", "cp .env copy", "copy of the file", "cat copy"),
    ("ignored", "cp -a . ../other && cat ../other/.env", "copy of the tree"),
    ("ignored", "mv secrets public", "rename of the folder", "cat public/db.key"),
    ("ignored", "ln -s secrets public", "link to the folder", "cat public/db.key"),
    ("ignored", "ln .env copy", "hard link", "cat copy"),
    ("ignored", "rsync -a service/ copy/", "rsync of the folder", "cat copy/.env"),
    ("ignored", "install -m 644 .env copy", "install", "cat copy"),
    ("ignored", "dd if=.env 2>/dev/null", "dd"),
    ("ignored", "base64 .env | base64 -d", "base64"),
    ("ignored", "xxd -p .env | xxd -r -p", "xxd"),
    ("ignored", "sed -n p .env", "sed"),
    ("ignored", "sed 'r .env' README.md", "sed's r"),
    ("ignored", "awk 1 .env", "awk"),
    ("ignored", "awk 'BEGIN{while((getline l < \".env\")>0) print l}'", "awk's getline"),
    ("ignored", "perl -ne print .env", "perl"),
    ("ignored", 'perl -e \'open F,"<",".env"; print <F>\'', "perl code"),
    ("ignored", "python3 -c \"print(open('.env').read())\"", "python code"),
    ("ignored", "python3 -c \"import glob;print(open(glob.glob('.e*')[0]).read())\"", "python glob"),
    ("ignored", "python3 - <<'EOF'\nprint(open('.env').read())\nEOF", "python heredoc"),
    ("ignored", "echo \"print(open('.env').read())\" | python3", "python from a pipe"),
    ("ignored", "node -e \"console.log(require('fs').readFileSync('.env','utf8'))\"", "node"),
    ("ignored", "bash -c 'cat .env'", "bash -c"),
    ("ignored", "sh -c 'cat .e*'", "sh -c with a glob"),
    ("ignored", "bash -ec 'f=.env\ncat $f'", "bash -c with a variable"),
    ("ignored", "sh -c 'cat \"$0\"' .env", "a word of sh -c"),
    ("ignored", "bash <<EOF\ncat .e*\nEOF", "bash heredoc"),
    ("ignored", "echo 'cat .e*' | bash", "bash from a pipe"),
    ("ignored", "eval 'cat .e''nv'", "eval"),
    ("ignored", "set -a; . ./.env; set +a; echo $TOKEN", "sourced"),
    ("ignored", "source .env && echo $TOKEN", "sourced"),
    ("ignored", "env cat .env", "env"),
    ("ignored", "env -i A=1 cat .e*", "env with options"),
    ("ignored", "env -S 'cat .env'", "env -S"),
    ("ignored", "timeout 5 cat .e*", "timeout"),
    ("ignored", "timeout -k 1 5 grep -r hunter .", "timeout with an option"),
    ("ignored", "nohup cat .e* 2>/dev/null", "nohup"),
    ("ignored", "nice -n 5 grep -r hunter .", "nice"),
    ("ignored", "command cat .e*", "command"),
    ("ignored", "\\cat .env", "escaped program"),
    ("ignored", "/bin/cat .e*", "program by path"),
    ("ignored", "BASH_ENV=.env bash -c 'echo $TOKEN'", "a shell's start file"),
    ("ignored", "curl -s file://$PWD/.env", "curl reads a file"),
    ("ignored", "diff .env /dev/null", "diff"),
    ("ignored", "diff -r secrets app", "diff of folders", ""),
    ("ignored", "diff -rN secrets app", "diff of folders"),
    ("ignored", "jq -R . .env", "jq"),
    ("ignored", "sort .env | uniq", "sort"),
    ("ignored", "paste .env", "paste"),
    ("ignored", "cat -- .env", "after --"),
    ("ignored", "tail -c+1 <.env>copy", "two redirections", "cat copy"),
    ("ignored", "mapfile -t lines < .env; echo ${lines[@]}", "mapfile"),
    ("ignored", "exec 3<.env; cat <&3", "a file descriptor"),
    ("ignored", "cat README.md # note\ncat .env", "after a comment"),
    ("ignored", "echo a\\\n; cat .env", "after a line that continues"),
    ("ignored", "git diff --no-index /dev/null .env", "git reads any file"),
    ("ignored", "git diff --no-index app secrets", "git compares folders"),
    ("ignored", "git add -f .env", "forced into git", "git show :.env"),
    ("ignored", "git hash-object -w .env", "written as a blob", "git cat-file -p $(git hash-object .env)"),
    ("ignored", "git grep --no-index hunter", "git grep outside git"),
    ("ignored", "git grep --untracked --no-exclude-standard hunter", "git grep of ignored files"),
    ("ignored", "git show HEAD~3:old.pem", "in the history"),
    ("ignored", "git show HEAD~3", "the commit that added it"),
    ("ignored", "git show HEAD~2", "the commit that removed it"),
    ("ignored", "git log -p", "history"),
    ("ignored", "git log -p --all -- old.pem", "history of one file"),
    ("ignored", "git log -n 3 -u", "history, another spelling"),
    ("ignored", "git log --patch-with-stat", "history, another spelling"),
    ("ignored", "git log -U1 --oneline", "history, another spelling"),
    ("ignored", "git diff HEAD~3 HEAD", "a range that holds one"),
    ("ignored", "git diff $(git rev-parse HEAD~3)", "a computed range"),
    ("ignored", "git cat-file -p HEAD~3:old.pem", "cat-file"),
    ("ignored", "git cat-file blob $(git rev-parse HEAD~3:old.pem)", "cat-file of an id"),
    ("ignored", "echo HEAD~3:old.pem | git cat-file --batch", "cat-file from a pipe"),
    ("ignored", "git archive HEAD~3 | cat", "archive of a commit"),
    ("ignored", "git grep hunter HEAD~3", "search in a commit"),
    ("ignored", "git blame HEAD~3 -- old.pem", "blame"),
    ("ignored", "git format-patch -1 HEAD~3 --stdout", "patch of a commit"),
    ("ignored", "git format-patch --stdout HEAD~4", "patches since a commit"),
    ("ignored", "git -C app show HEAD~3", "from another folder"),
    ("ignored", "git whatchanged -p", "whatchanged"),
    ("ignored", "git reflog -p", "reflog"),
    ("ignored", "git diff-tree -p HEAD~3", "plumbing"),
    ("ignored", "git fast-export --all | cat", "the whole history"),
    ("tracked", "git diff", "the secret has changed"),
    ("tracked", "cd app; git diff", "the secret has changed, in another folder"),
    ("tracked", "git diff HEAD -- .", "the secret has changed"),
    ("tracked", "git show HEAD:.env", "in HEAD"),
    ("tracked", "git show :.env", "in the index"),
    ("tracked", "git show :0:config/prod.key", "in the index"),
    ("tracked", "git show HEAD", "the commit holds it"),
    ("tracked", "git stash show -p", "in a stash"),
    ("tracked", "git stash show -p stash@{0}", "in a stash"),
    ("tracked", "git stash list -p", "in a stash"),
    ("tracked", "git show stash@{0}", "in a stash"),
    ("tracked", "git grep hunter", "tracked"),
    ("tracked", "git grep -n hunter -- config", "tracked, in the folder"),
    ("tracked", "git ls-files | xargs -d '\\n' cat", "names from git"),
    ("tracked", "cat $(git ls-files config)", "names from git"),
    ("tracked", "git archive HEAD config | cat", "archive"),
    ("tracked", "git blame .env", "blame"),
    ("tracked", "rg hunter", "prod.key is neither hidden nor ignored"),
    ("tracked", "rg hunter config", "prod.key is neither hidden nor ignored"),
    ("tracked", "git add -A", "untracked and not ignored", "git show :.env.local"),
    ("tracked", "git add .", "untracked and not ignored", "git show :.env.local"),
    ("tracked", "cat config/*", "a glob that is not hidden"),
    ("tracked", "git diff-index -p HEAD", "plumbing"),
    ("tracked", "git status -v 2>&1; git add -u; git status -vv", "status shows the diff"),
    ("tracked", "docker compose config", "prints .env"),
    ("tracked", "docker compose --env-file .env config", "prints .env"),
    ("ignored", "echo 'it'\\''s'; cat .env", "the parser"),
    ("ignored", 'echo "it\'s"; cat .env', "the parser"),
    ("ignored", 'echo "\\"" ; cat .env', "the parser"),
    ("ignored", "echo '\\' ; cat .env", "the parser"),
    ("ignored", 'echo "\\\\" ; cat .env', "the parser"),
    ("ignored", "echo $((1<2)); cat .env", "the parser"),
    ("ignored", 'echo ${x:-"a}b"}; cat .env', "the parser"),
    ("ignored", 'echo $(echo ")"); cat .env', "the parser"),
    ("ignored", "echo $(case x in x) echo a;; esac); cat .env", "the parser"),
    ("ignored", "case x in x) cat .e*;; esac", "the parser"),
    ("ignored", "[[ a =~ ^(a|b)$ ]] && cat .env", "the parser"),
    ("ignored", "for ((i=0;i<1;i++)); do cat .e*; done", "the parser"),
    ("ignored", ": <<'X'\nit's\nX\ncat .env", "the parser"),
    ("ignored", "cat <<X\nit's \"a\nX\ncat .env", "the parser"),
    ("ignored", "cat <<A <<B\na\nA\nb\nB\ncat .env", "the parser"),
    ("ignored", "cat <<-X\n	a\n	X\ncat .env", "the parser"),
    ("ignored", "cat <<X; cat .env\na\nX", "the parser"),
    ("ignored", "echo a#b; cat .env", "the parser"),
    ("ignored", "echo a # b; c\ncat .env", "the parser"),
    ("ignored", "cat .en\\\nv", "the parser"),
    ("ignored", "echo a 2>&1 1>/dev/null; cat .env", "the parser"),
    ("ignored", "2>/dev/null cat .env", "the parser"),
    ("ignored", "< .env cat", "the parser"),
    ("ignored", "time -p grep -r hunter .", "the parser"),
    ("ignored", "function f { grep -r hunter .; }; f", "the parser"),
    ("ignored", "coproc cat .env; cat <&${COPROC[0]}", "the parser"),
    ("ignored", "trap 'cat .env' EXIT", "the parser"),
    ("ignored", "f='.e*'; cat $f", "variables and names"),
    ("ignored", "cat .e${x}nv", "variables and names"),
    ("ignored", "cat .e$(true)nv", "variables and names"),
    ("ignored", "c=cat; $c .env", "variables and names"),
    ("ignored", 'c="cat .env"; $c', "variables and names"),
    ("ignored", 'set -- .env; cat "$1" "$(echo .env)"', "variables and names"),
    ("ignored", "read -r f < <(echo .env); cat $f", "variables and names"),
    ("ignored", "echo .env | { read f; cat $f; }", "variables and names"),
    ("ignored", "echo .env | (read f; cat $f)", "variables and names"),
    ("ignored", 'cat "$(pwd)/.env"', "variables and names"),
    ("ignored", "cd $(git rev-parse --show-toplevel)/service && cat .e*", "variables and names"),
    ("ignored", "cd app; cat ../*/.env", "variables and names"),
    ("ignored", "cd ./service && tail -n +1 .??*", "variables and names"),
    ("ignored", "rg hunter secrets", "searches and lists"),
    ("ignored", "rg --sort path -uu hunter", "searches and lists"),
    ("ignored", "rg -L hunter app --no-ignore --hidden", "searches and lists"),
    ("ignored", "rg --type-add 'k:*.key' -tk --no-ignore hunter", "searches and lists"),
    ("ignored", "grep -r --include '*.key' hunter .", "searches and lists"),
    ("ignored", "grep -R hunter app", "searches and lists"),
    ("ignored", "find secrets | xargs cat 2>/dev/null", "searches and lists"),
    ("ignored", "find . -type d -name secrets -exec grep -r hunter {} +", "searches and lists"),
    ("ignored", "find -L app -type f -exec cat {} +", "searches and lists"),
    ("ignored", "find .env -exec cat {} \\;", "searches and lists"),
    ("ignored", 'ls secrets | xargs -I{} cat "secrets/{}"', "searches and lists"),
    ("ignored", "ls -A | xargs -i cat {} 2>/dev/null", "searches and lists"),
    ("ignored", "git check-ignore .env | xargs cat", "searches and lists"),
    ("ignored", "git status --ignored --short | awk '{print $2}' | xargs cat", "searches and lists"),
    ("ignored", "cp -rL app copy; cat copy/link", "searches and lists"),
    ("ignored", "tar ch app | tar xO", "searches and lists"),
    ("ignored", "python3 -m tarfile -c x.tar secrets; tar xOf x.tar", "searches and lists"),
    ("ignored", "zip -0qr - app | cat", "searches and lists"),
    ("ignored", "git rev-list HEAD | xargs git show", "git"),
    ("ignored", "git log --format=%h | xargs git show", "git"),
    ("ignored", "for c in $(git rev-list HEAD); do git show $c; done", "git"),
    ("ignored", "git rev-list HEAD | while read c; do git show $c; done", "git"),
    ("ignored", "git rev-list HEAD | git diff-tree -p --stdin", "git"),
    ("ignored", "git rev-parse HEAD~3:old.pem | xargs git cat-file -p", "git"),
    ("ignored", "git ls-tree HEAD~3 old.pem | awk '{print $3}' | xargs git cat-file -p", "git"),
    ("ignored", "git cat-file --batch-all-objects --batch", "git"),
    ("ignored", "git show ':/add a certificate'", "git"),
    ("ignored", "git tag v0 HEAD~3; git show v0", "git"),
    ("ignored", "git worktree add -q ../wt-$$ HEAD~3; grep -r hunter ../wt-$$; rm -r ../wt-$$", "git"),
    ("ignored", "git stash -a -q; git show 'stash@{0}^3'", "git"),
    ("ignored", "git checkout HEAD~3 -- old.pem && cat old.pem", "git"),
    ("ignored", "git rebase -x 'cat .env' HEAD~1", "git"),
    ("ignored", "git commit -qF .env --allow-empty; git log -1", "git"),
    ("ignored", "git config -f .env -l 2>&1", "git"),
    ("ignored", "git add --pathspec-from-file=.env", "git"),
    ("ignored", "git config alias.x '!cat .env'; git x", "git"),
    ("tracked", "git diff --name-only | xargs cat", "git"),
    ("tracked", "git status -s | cut -c4- | xargs cat", "git"),
    ("tracked", "git checkout -p </dev/null", "git"),
    ("tracked", "git ls-files | grep key | xargs cat", "git"),
    ("tracked", "git show stash", "git"),
]

# (repository, command, why it changes a secret or a committed migration, the file that changes)
CHANGES = [
    ("ignored", "echo x > .env", "redirection", ".env"),
    ("ignored", "echo x >> service/.env", "appending", "service/.env"),
    ("ignored", "echo x >| .env", "forced redirection", ".env"),
    ("ignored", "rm .env", "removed", ".env"),
    ("ignored", "rm -rf secrets", "removed with its folder", "secrets/db.key"),
    ("ignored", "mv .env x", "moved", ".env"),
    ("ignored", "cp .env.example .env", "copied onto", ".env"),
    ("ignored", "tee .env < README.md", "tee", ".env"),
    ("ignored", "sed -i s/a/b/ .env", "sed -i", ".env"),
    ("ignored", "truncate -s 0 .env", "truncate", ".env"),
    ("ignored", "dd if=/dev/null of=.env", "dd", ".env"),
    ("ignored", "find . -name .env -delete", "find -delete", ".env"),
    ("ignored", f"echo x > {OLD}", "redirection", OLD),
    ("ignored", f"echo x >> ./{OLD}", "appending", OLD),
    ("ignored", f"cat README.md &> {OLD}", "redirection of both", OLD),
    ("ignored", f"sed -i s/a/b/ {OLD}", "sed -i", OLD),
    ("ignored", f"sed -i.bak -e s/a/b/ {OLD}", "sed -i with a suffix", OLD),
    ("ignored", "sed -i s/a/b/ app/migrations/versions/*.py", "sed -i with a glob", OLD),
    ("ignored", f"perl -pi -e s/a/b/ {OLD}", "perl -i", OLD),
    ("ignored", f"tee {OLD} < README.md", "tee", OLD),
    ("ignored", f"rm {OLD}", "rm", OLD),
    ("ignored", "rm -r app/migrations", "rm of the folder", OLD),
    ("ignored", f"mv {OLD} app/x.py", "mv", OLD),
    ("ignored", "mv app/migrations app/old", "mv of the folder", OLD),
    ("ignored", f"mv README.md {OLD}", "mv onto", OLD),
    ("ignored", f"cp {NEW} {OLD}", "cp onto", OLD),
    ("ignored", f"cp /dev/null {OLD}", "cp onto", OLD),
    (
        "ignored",
        f"mkdir x; cp {NEW} x/0001_init.py; cp x/0001_init.py app/migrations/versions/",
        "cp into",
        OLD,
    ),
    ("ignored", f"truncate -s 0 {OLD}", "truncate", OLD),
    ("ignored", f"git rm -f {OLD}", "git rm", OLD),
    ("ignored", f"git mv {OLD} app/x.py", "git mv", OLD),
    ("ignored", f"git checkout HEAD~2 -- {OLD}", "git checkout", OLD),
    ("ignored", f"git restore --source=HEAD~2 {OLD}", "git restore", OLD),
    ("ignored", f"cd app && echo x > migrations/versions/{Path(OLD).name}", "from another folder", OLD),
    ("ignored", f"bash -c 'echo x > {OLD}'", "in a shell", OLD),
    ("ignored", f"echo {OLD} | xargs rm", "xargs", OLD),
    ("ignored", "find app -name '0001*' -delete", "find -delete", OLD),
    ("ignored", "find app -name '0001*' -exec rm {} +", "find -exec rm", OLD),
    ("ignored", "for f in app/migrations/versions/*; do echo x > $f; done", "loop", OLD),
    ("ignored", f"echo x > {SQL}", "Prisma", SQL),
    ("ignored", "rm -r prisma/migrations/20240101_init", "Prisma folder", SQL),
    ("ignored", "mv prisma/migrations/20240101_init x", "Prisma folder", SQL),
    ("ignored", f"sort -o {OLD} README.md", "sort -o", OLD),
]

HARMLESS = [
    ("ignored", "grep -rn TODO app", "no secret there"),
    ("ignored", "grep -rn 'hunter' app tests README.md", "no secret there"),
    ("ignored", "grep -rn --include='*.py' hunter .", "only Python files"),
    (
        "ignored",
        "grep -rn --exclude-dir=secrets --exclude='.env*' --exclude='*.pem' hunter .",
        "all left out",
    ),
    ("ignored", "grep -rl hunter .", "names only"),
    ("ignored", "grep -rn '\\.env' app", "a pattern"),
    ("ignored", "grep -n '.env' README.md", "a pattern"),
    ("ignored", "grep -n -e .env README.md", "a pattern"),
    ("ignored", "grep .env .gitignore", "a pattern"),
    ("ignored", "rg hunter", "rg skips hidden and ignored files"),
    ("ignored", "rg -n 'def ' app", "rg"),
    ("ignored", "rg --hidden hunter", "all are ignored"),
    ("ignored", "rg -uu -g '*.py' hunter", "only Python files"),
    ("ignored", "rg -uu -t py hunter", "only Python files"),
    ("ignored", "rg --files", "names only"),
    ("ignored", "cat .env.example", "an example"),
    ("ignored", "cp .env.example settings.txt", "an example"),
    ("ignored", "cat .env.e*", "a glob that matches the example"),
    ("ignored", "cat *", "globs skip hidden files"),
    ("ignored", "cat README.md app/*.py", "globs of source"),
    ("ignored", "ls -la", "names only"),
    ("ignored", "ls -la .env secrets", "names only"),
    ("ignored", "test -f .env && echo there", "names only"),
    ("ignored", "[ -f .env ] || echo none", "names only"),
    ("ignored", "stat -c %s .env", "names only"),
    ("ignored", "if [[ -e .env ]]; then echo yes; fi", "names only"),
    ("ignored", "find . -name '*.py'", "names only"),
    ("ignored", "find . -name '.env*'", "names only"),
    ("ignored", "find . -name '*.py' -exec wc -l {} +", "Python files"),
    ("ignored", "find . -name '*.py' -not -path './.venv/*' | xargs grep -n import", "Python files"),
    (
        "ignored",
        "find app -type f | xargs wc -l",
        "no secret there",
    ),
    ("ignored", "find . -path ./build -prune -o -name '*.md' -print | xargs cat", "Markdown files"),
    ("ignored", "find . -type d -name app", "folders"),
    ("ignored", "find . -maxdepth 1 -name '*.md' -exec head -1 {} \\;", "Markdown files"),
    ("ignored", "find . -type f | grep '\\.py$' | xargs wc -l", "filtered"),
    ("ignored", "find . -type f | wc -l", "counted"),
    ("ignored", "git ls-files | xargs grep -n TODO", "tracked files hold none"),
    ("ignored", "wc -l $(git ls-files '*.py')", "tracked files hold none"),
    ("ignored", "git status", "git"),
    ("ignored", "git status --short && git diff", "git"),
    ("ignored", "git log", "no patch"),
    ("ignored", "git log --oneline -5", "no patch"),
    ("ignored", "git log --stat", "names only"),
    ("ignored", "git log -p app/", "no secret there"),
    ("ignored", "git log -p -1", "the newest commit holds none"),
    ("ignored", "git log -p -- tests", "no secret there"),
    ("ignored", "git log --oneline -- .env", "no patch"),
    ("ignored", "git diff", "ignored secrets do not show"),
    ("ignored", "git diff app/", "no secret there"),
    ("ignored", "git diff --stat HEAD~3", "names only"),
    ("ignored", "git diff --name-only HEAD~3 HEAD", "names only"),
    ("ignored", "git diff HEAD~1 HEAD", "a range without secrets"),
    ("ignored", "git diff $(git merge-base HEAD HEAD~1)", "a range without secrets"),
    ("ignored", "git diff HEAD~4 -- . ':!old.pem'", "left out"),
    ("ignored", "git show HEAD", "the commit holds none"),
    ("ignored", "git show --stat HEAD~3", "names only"),
    ("ignored", "git show HEAD:README.md", "another file"),
    ("ignored", "git show HEAD~3:app/main.py", "another file"),
    ("ignored", "git cat-file -t HEAD", "the type"),
    ("ignored", "git blame README.md", "another file"),
    ("ignored", "git grep -n hunter", "tracked files hold none"),
    ("ignored", "git grep -n hunter HEAD~3 -- app", "no secret there"),
    ("ignored", "git stash list", "names only"),
    ("ignored", "git add -A", "secrets are ignored"),
    ("ignored", "git add app tests && git status", "git"),
    ("ignored", "git check-ignore -v .env", "names only"),
    ("ignored", "git ls-files .env", "names only"),
    ("ignored", 'git commit --allow-empty -q -m "document .env and id_rsa"', "words in a message"),
    (
        "ignored",
        "git commit --allow-empty -qm \"$(cat <<'EOF'\nDon't read .env\n\n- see `.env.example`\nEOF\n)\"",
        "words in a message",
    ),
    ("ignored", "git branch --show-current", "git"),
    ("ignored", "git archive HEAD | tar t", "HEAD holds none"),
    ("ignored", "git rev-parse HEAD", "git"),
    ("ignored", "git show HEAD:.gitignore", "names a secret, holds none"),
    ("ignored", "git stash push -m 'wip: .env docs'", "a message"),
    ("ignored", 'gh pr create --title "Add .env docs" --body "Explains .env"', "a message"),
    ("ignored", "git log --grep='.env' --oneline", "words"),
    ("ignored", "diff -u <(git show HEAD:app/main.py) app/main.py", "source"),
    ("ignored", "cat README.md | rg -uu foo", "reads the pipe"),
    ("ignored", 'rm -rf "$UNKNOWN"', "an unknown variable"),
    ("ignored", "find . -name __pycache__ -type d -exec rm -rf {} +", "other folders"),
    ("ignored", "find . -name '*.pyc' -delete", "other files"),
    ("ignored", 'npx vitest run -t "reads .env"', "a title"),
    ("ignored", "grep -Fxq .env .gitignore", "a pattern"),
    ("ignored", "tar --exclude=.env --exclude secrets --exclude='service' -cf - . | tar t", "left out"),
    ("ignored", "rsync -a --exclude .env --exclude secrets/ --exclude service ./ ../other/", "left out"),
    ("ignored", 'echo "put TOKEN into .env"', "words"),
    ("ignored", "printf '%s\\n' .env >> .gitignore", "words"),
    ("ignored", "echo secrets/ >> .gitignore", "words"),
    (
        "ignored",
        "cat > notes.md <<'EOF'\nCopy .env.example to .env; don't commit `.env`.\nEOF",
        "words in a heredoc",
    ),
    ("ignored", "sed -n '/\\.env/p' README.md", "a pattern"),
    ("ignored", "sed -i 's/foo/.env/' README.md", "a replacement"),
    ("ignored", "sed -n 1,20p README.md", "sed"),
    ("ignored", "awk '/\\.env/ {print $1}' README.md", "a pattern"),
    ("ignored", "node -e 'console.log(process.env.HOME)'", "not a file"),
    ("ignored", "python3 -c 'import os; print(len(os.environ))'", "not a file"),
    ("ignored", "jq .key package.json", "a field"),
    ("ignored", "ls -la | awk '{print $9}'", "names only"),
    ("ignored", "tar cf - app | tar t", "no secret there"),
    ("ignored", "cp -r app copy", "no secret there"),
    ("ignored", "mkdir -p build && mv README.md build/", "another file"),
    ("ignored", "rm -rf build", "another folder"),
    ("ignored", 'echo $((1 + 2)) ${HOME} "$USER"', "arithmetic and variables"),
    ("ignored", "for f in app/*.py; do head -1 $f; done", "source"),
    ("ignored", "case $x in a) echo b;; esac", "case"),
    ("ignored", "cd app && grep -rn hunter . ; cd ..", "no secret there"),
    ("ignored", "(cd app && ls) && cat README.md", "subshell"),
    ("ignored", "uv run pytest", "the project's own"),
    ("ignored", "uv run pytest tests/test_a.py::test_env -x -k 'env and not key'", "the project's own"),
    ("ignored", "uv run pytest -x -q --tb=short -p no:cacheprovider 2>&1 | tail -20", "the project's own"),
    ("ignored", "uv run ruff check . --fix", "the project's own"),
    ("ignored", "uv run ruff format app tests", "the project's own"),
    ("ignored", 'uv run alembic revision --autogenerate -m "add .env table"', "the project's own"),
    ("ignored", "npx dotenv -e .env -- jest", "the project's own names a secret"),
    ("ignored", "npx dotenv -e .env -- jest users", "the project's own names a secret"),
    ("ignored", "docker compose up -d --wait", "the project's own"),
    ("ignored", "docker compose --env-file .env up -d", "passes it on"),
    ("ignored", "docker compose config --services", "names only"),
    ("ignored", "make check", "the project's own"),
    ("ignored", "make check VERBOSE=1 -j 4", "options"),
    ("ignored", "mvn test -Dtest=FooTest -q", "options"),
    ("ignored", "./gradlew test --tests com.x.FooTest", "an option's value"),
    ("ignored", "npm test -- --watch=false users", "arguments of the script"),
    ("ignored", f"cat {OLD}", "reading a migration"),
    ("ignored", f"cp {OLD} {NEW}", "onto a new migration"),
    ("ignored", f"echo x >> {NEW}", "a new migration"),
    ("ignored", f"sed -i s/a/b/ {NEW}", "a new migration"),
    ("ignored", f"rm {NEW}", "a new migration"),
    (
        "ignored",
        "mkdir -p prisma/migrations/2025_x && echo x > prisma/migrations/2025_x/migration.sql",
        "new",
    ),
    ("ignored", "touch app/migrations/versions/__init__.py", "not a migration"),
    ("ignored", "git diff > changes.patch; rm changes.patch", "output to a file"),
    ("ignored", "ls > /dev/null 2>&1", "output to nowhere"),
    ("ignored", "curl -s http://localhost:9/.well-known/x || true", "an address"),
    ("tracked", "git diff -- README.md", "another file"),
    ("tracked", "git grep -n hunter -- '*.md'", "other files"),
    ("tracked", "git grep -n hunter -- . ':!.env*' ':!config'", "left out"),
    ("tracked", "rg -g '*.md' hunter", "other files"),
    ("tracked", "rg -g '!*.key' hunter", "left out"),
    ("tracked", "rg hunter -g '!config/'", "left out"),
    ("tracked", "git rm -q --cached .env", "takes it out of git"),
    ("tracked", "git add README.md", "another file"),
    ("tracked", "cat $(git ls-files '*.md')", "other files"),
    ("clean", "grep -rn TODO .", "no secret at all"),
    ("clean", "rg -uu TODO", "no secret at all"),
    ("clean", "git log -p", "no secret at all"),
    ("clean", "git diff $UNKNOWN HEAD", "no secret at all"),
    ("clean", "cat .e*", "matches the example"),
    ("clean", "find . -type f -exec cat {} +", "no secret at all"),
    ("clean", "tar cf - . | tar t", "no secret at all"),
    ("clean", "cp -r . ../other; rm -r ../other", "no secret at all"),
    ("clean", "docker compose config", "no secret at all"),
    ("clean", "git add .", "no secret at all"),
]

ASKS = [
    ("make check deploy", "a further goal"),
    ("make check -C /tmp", "another makefile"),
    ("make check -f other.mk", "another makefile"),
    ("mvn test deploy", "a further goal"),
    ("mvn test -f ../pom.xml", "another build"),
    ("./gradlew test publish", "a further goal"),
    ("timeout 60 make check deploy", "behind a wrapper"),
    ("cd app && make check deploy", "in a compound"),
    ("npm test --prefix /tmp", "another folder"),
    ("npm test --script-shell=/tmp/x", "another shell"),
    ("git diff --output=app/main.py", "writes a file"),
    ("git log --output=x", "writes a file"),
    ("git -c core.pager=x log", "runs a program"),
    ("git diff --ext-diff", "runs a program"),
    ("git grep -Oless TODO", "runs a program"),
    ("go test ./... -exec /tmp/x", "runs a program"),
    ("uv run pytest --basetemp=app", "empties a folder"),
    ("echo x > .claude/settings.json", "the settings"),
    ("echo x >> .claude/settings.local.json", "the settings"),
    ("cp x .claude/hooks/guard.py", "a hook"),
    ("rm -rf .claude/hooks", "the hooks"),
    ("mv .claude x", "the hooks"),
    ("git diff > .github/workflows/ci.yml", "a workflow"),
    ("sed -i s/a/b/ .gitlab-ci.yml", "a pipeline"),
    ("uv run ruff format . .claude/hooks/guard.py", "a project command on a hook"),
    ("uv run pytest --junitxml=.claude/settings.json", "a project command onto the settings"),
    ("exec 3<>/dev/tcp/127.0.0.1/9", "the shell's own network"),
    ("echo x > /dev/udp/127.0.0.1/9", "the shell's own network"),
]

# What the settings name, where the client's rules do not see it; by itself the client's rules hold it.
NAMED = {"deny": ["Bash(git reset --hard *)", "Bash(*drop_all*)"], "ask": ["Bash(curl *)", "Read(x)"], "allow": ["Bash(ls *)"]}
INSIDE = [
    "bash -c 'git reset --hard HEAD~1'",
    "bash -c 'git reset --hard'",
    "eval 'curl localhost'",
    "sh <<E\ncurl localhost\nE",
    "echo 'curl localhost' | sh",
    "echo localhost | xargs curl",
    "find app -name main.py -exec curl {} \\;",
    "bash -c 'timeout 5 curl localhost'",
    'bash -c "python3 -c \'Base.drop_all()\'"',
]
OUTSIDE = ["git reset --hard", "curl localhost", "timeout 5 curl localhost", "bash -c 'ls app'", "bash -c 'git reset --soft'"]

FILE_TOOLS = [
    ("Read", {"file_path": "{root}/.env"}, "refuse"),
    ("Read", {"file_path": "{root}/app/../.env"}, "refuse"),
    ("Read", {"file_path": "{root}/app/link"}, "refuse"),
    ("Read", {"file_path": "app\\..\\.env"}, "refuse"),
    ("Read", {"file_path": "C:\\work\\service\\.env"}, "refuse"),
    ("Read", {"file_path": "{root}/secrets/nothing-yet"}, "refuse"),
    ("Read", {"file_path": "{root}/.env.example"}, "pass"),
    ("Read", {"file_path": "{root}/" + OLD}, "pass"),
    ("Edit", {"file_path": "{root}/.env", "old_string": "a", "new_string": "b"}, "refuse"),
    ("Write", {"file_path": "{root}/new/.env.local", "content": ""}, "refuse"),
    ("Edit", {"file_path": "{root}/" + OLD}, "refuse"),
    ("Write", {"file_path": "{root}/app/x/../migrations/versions/0001_init.py"}, "refuse"),
    ("Write", {"file_path": "{root}/app/linked/0001_init.py"}, "refuse"),
    ("NotebookEdit", {"notebook_path": "{root}/" + OLD}, "refuse"),
    ("Edit", {"file_path": "{root}/" + NEW}, "pass"),
    ("Write", {"file_path": "{root}/app/migrations/versions/0003.py"}, "pass"),
    ("Edit", {"file_path": "{root}/" + SQL}, "refuse"),
    ("Edit", {"file_path": "{root}/app/main.py"}, "pass"),
    ("Edit", {"file_path": "{root}/app/migrations/versions/__init__.py"}, "pass"),
    ("Grep", {"pattern": "x", "path": "{root}/.env"}, "refuse"),
    ("Grep", {"pattern": "x", "output_mode": "content"}, "pass"),
    ("Grep", {"pattern": "x", "glob": ".e*", "output_mode": "content"}, "refuse"),
    ("Grep", {"pattern": "x", "glob": "*.{py,key}", "output_mode": "content"}, "refuse"),
    ("Grep", {"pattern": "x", "glob": "*.py", "output_mode": "content"}, "pass"),
    ("Grep", {"pattern": "x", "path": "{root}/app", "output_mode": "content"}, "pass"),
    ("Glob", {"pattern": "**/.env"}, "pass"),
]


def run(folder: Path, *command: str) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)


def commit(folder: Path, message: str) -> None:
    run(folder, "git", "add", "-A")
    run(folder, "git", "commit", "-q", "-m", message)


def base(folder: Path, ignored: str) -> None:
    """A committed repository with the hook in it, without any secret."""
    folder.mkdir()
    run(folder, "git", "init", "-q", "-b", "main")
    write(folder, ".gitignore", ignored)
    write(folder, ".env.example", "TOKEN=change-me\n")
    write(folder, "README.md", "Copy .env.example and a file\n")
    write(folder, "package.json", '{"key": 1}')
    write(folder, "compose.yaml", "services: {db: {image: postgres}}\n")
    write(folder, "app/main.py", "import os  # TODO\n")
    write(folder, "app/notes.txt", "u\n")
    write(folder, "tests/test_a.py", "def test_env(): pass\n")
    write(folder, OLD, "a = 0\n")
    write(folder, SQL, "create table a();\n")
    write(folder, "app/migrations/versions/__init__.py", "")
    write(folder, ".claude/hooks/project.json", json.dumps(PROJECT))
    write(folder, ".claude/hooks/guard.py", HOOK.read_text())
    commit(folder, "first")


@pytest.fixture(scope="session")
def repos(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    top = tmp_path_factory.mktemp("guard")
    ignored, tracked, clean = (top / name for name in ("ignored", "tracked", "clean"))
    base(clean, ".env\n")

    base(ignored, ".env\nservice/\n/secrets/\n")
    write(ignored, "old.pem", MARKER + "\n")
    commit(ignored, "add a certificate")
    (ignored / "old.pem").unlink()
    commit(ignored, "remove it")
    write(ignored, OLD, "a = 1\n")
    write(ignored, "app/main.py", "import os, sys  # TODO\n")
    commit(ignored, "third")
    write(ignored, "README.md", "Copy .env.example and a foo\n")
    commit(ignored, "fourth")
    write(ignored, ".env", f"TOKEN={MARKER}\n")
    write(ignored, "service/.env", f"TOKEN={MARKER}\n")
    write(ignored, "secrets/db.key", MARKER + "\n")
    write(ignored, "secrets/my key.key", MARKER + "\n")
    write(ignored, NEW, "b = 1\n")
    (ignored / "app/link").symlink_to("../.env")
    (ignored / "app/linked").symlink_to("migrations/versions")

    base(tracked, "nothing\n")
    write(tracked, ".env", "TOKEN=first\n")
    write(tracked, "config/prod.key", MARKER + "\n")
    commit(tracked, "with secrets")
    write(tracked, ".env", f"TOKEN={MARKER}-stashed\n")
    run(tracked, "git", "stash")
    write(tracked, ".env", f"TOKEN={MARKER}\n")
    commit(tracked, "a new token")
    write(tracked, ".env", f"TOKEN={MARKER}\nMORE=1\n")
    write(tracked, ".env.local", MARKER + "\n")
    return {"ignored": ignored, "tracked": tracked, "clean": clean}


@pytest.fixture(scope="session")
def guard():
    spec = importlib.util.spec_from_file_location("guard", HOOK)
    module = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode = True
    spec.loader.exec_module(module)
    return module


def verdict(guard, root: Path, command: str) -> tuple[str, str]:
    call = {"tool_name": "Bash", "tool_input": {"command": command}, "cwd": str(root)}
    return guard.judge(call, guard.load(str(root / ".claude/hooks")))


def bash(root: Path, tmp_path: Path, command: str) -> tuple[Path, str]:
    """Runs a command in a copy of a repository; returns the copy and what was printed."""
    copy = tmp_path / "copy"
    shutil.copytree(root, copy, symlinks=True)
    environment = {**os.environ, "HOME": str(tmp_path), "GIT_PAGER": "cat", "PAGER": "cat"}
    done = subprocess.run(
        ["bash", "-c", command], cwd=copy, env=environment, stdin=subprocess.DEVNULL, timeout=60,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    return copy, done.stdout.decode("utf-8", "replace")


def installed(command: str) -> bool:
    needed = {"rg", "ag", "rsync", "zip", "node", "jq", "xxd", "curl"}
    return all(shutil.which(word) for word in needed & set(command.split()))


def ids(case: tuple) -> str:
    return f"{case[0]}: {case[1]}".encode("unicode_escape").decode()


@pytest.mark.parametrize("case", LEAKS, ids=ids)
def test_leak_is_refused(guard, repos, case) -> None:
    outcome, reason = verdict(guard, repos[case[0]], case[1])
    assert outcome == "refuse"
    assert reason.startswith("Refused: ")
    assert "\n" not in reason
    assert MARKER not in reason


@pytest.mark.parametrize("case", [case for case in LEAKS if "docker" not in case[1]], ids=ids)
def test_leak_is_a_true_one(repos, tmp_path, case) -> None:
    if not installed(case[1]):
        unavailable("rg, ag, rsync or zip is not installed")
    then = case[3] if len(case) > 3 else None
    _, output = bash(repos[case[0]], tmp_path, case[1] + (f"\n{then}" if then else ""))
    assert then == "" or MARKER in output


@pytest.mark.parametrize("case", CHANGES, ids=ids)
def test_change_is_refused_and_true(guard, repos, tmp_path, case) -> None:
    repository, command, _, changed = case
    outcome, reason = verdict(guard, repos[repository], command)
    assert outcome == "refuse"
    if "migration" in changed:
        assert "committed migration" in reason
        assert "alembic revision" in reason
    before = (repos[repository] / changed).read_text()
    copy, _ = bash(repos[repository], tmp_path, command)
    assert not (copy / changed).exists() or (copy / changed).read_text() != before


@pytest.mark.parametrize("case", HARMLESS, ids=ids)
def test_harmless_passes(guard, repos, case) -> None:
    assert verdict(guard, repos[case[0]], case[1]) == ("pass", "")


NOT_RUN = ("docker ", "uv ", "npx ", "npm ", "mvn ", "gradlew", "make ", "gh ")


@pytest.mark.parametrize(
    "case", [case for case in HARMLESS if not any(word in case[1] for word in NOT_RUN)], ids=ids
)
def test_harmless_is_harmless(repos, tmp_path, case) -> None:
    if not installed(case[1]):
        unavailable("rg, ag, rsync or zip is not installed")
    _, output = bash(repos[case[0]], tmp_path, case[1])
    assert MARKER not in output


@pytest.mark.parametrize("case", ASKS, ids=lambda case: case[0])
def test_asks(guard, repos, case) -> None:
    outcome, reason = verdict(guard, repos["clean"], case[0])
    assert outcome == "ask"
    assert reason


@pytest.mark.parametrize(("expected", "command"), [("ask", text) for text in INSIDE] + [("pass", text) for text in OUTSIDE])
def test_what_the_settings_name_asks_where_they_do_not_look(guard, repos, tmp_path, expected, command) -> None:
    root = tmp_path / "named"
    shutil.copytree(repos["clean"], root)
    write(root, ".claude/settings.json", json.dumps({"permissions": NAMED}))
    assert verdict(guard, root, command)[0] == expected


def test_where_the_client_asks_nobody_the_rules_are_refused(guard, repos) -> None:
    """Under bypassPermissions it lets some of these through, whatever a hook asks."""
    call = {"tool_name": "Bash", "tool_input": {"command": "echo x > .claude/settings.json"}, "cwd": str(repos["clean"])}
    project = guard.load(str(repos["clean"] / ".claude/hooks"))
    assert guard.judge(call, project)[0] == "ask"
    assert guard.judge(call | {"permission_mode": "bypassPermissions"}, project)[0] == "refuse"


def test_protected_paths_come_from_the_project(guard, repos, tmp_path) -> None:
    root = tmp_path / "protected"
    shutil.copytree(repos["clean"], root)
    write(root, ".claude/hooks/project.json", json.dumps(PROJECT | {"protected": ["/ops/**"]}))
    assert verdict(guard, root, "echo x > ops/deploy.yml")[0] == "ask"
    assert verdict(guard, root, "echo x > .gitlab-ci.yml")[0] == "pass"


def test_a_last_dot_stands_for_any_path(guard, repos) -> None:
    """`ruff format .` is also `ruff format app`, so a migration among the paths is still kept."""
    assert verdict(guard, repos["ignored"], f"uv run ruff format {OLD}")[0] == "refuse"
    assert verdict(guard, repos["ignored"], "uv run ruff format app/main.py")[0] == "pass"


@pytest.mark.parametrize(("tool", "given_input", "expected"), FILE_TOOLS)
def test_file_tools(guard, repos, tool, given_input, expected) -> None:
    root = repos["ignored"]
    given_input = {key: value.replace("{root}", str(root)) for key, value in given_input.items()}
    call = {"tool_name": tool, "tool_input": given_input, "cwd": str(root)}
    assert guard.judge(call, guard.load(str(root / ".claude/hooks")))[0] == expected


# The program itself


def hook(
    root: Path,
    call: object,
    *,
    hooks: str = ".claude/hooks",
    env: dict | None = None,
    cwd: Path | None = None,
) -> subprocess.CompletedProcess:
    """Runs the hook as the client does: JSON, or raw bytes, on standard input."""
    given_input = call if isinstance(call, bytes) else json.dumps(call).encode()
    return subprocess.run(
        [sys.executable, str(root / hooks / "guard.py")],
        input=given_input,
        capture_output=True,
        env=env,
        cwd=cwd,
    )


def bash_call(command: str, cwd: object = None) -> dict:
    return {
        "tool_name": "Bash",
        "tool_input": {"command": command},
        "cwd": str(cwd),
        "permission_mode": "default",
    }


@pytest.mark.parametrize("case", LEAKS[::12] + CHANGES[::8], ids=ids)
def test_process_refuses_with_exit_2_and_one_sentence(repos, case) -> None:
    root = repos[case[0]]
    done = hook(root, bash_call(case[1], root), env={"PATH": os.environ["PATH"]})
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"Refused: ")
    assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize("case", HARMLESS[::12], ids=ids)
def test_process_passes_in_silence(repos, case) -> None:
    root = repos[case[0]]
    done = hook(root, bash_call(case[1], root))
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_process_asks_in_json(repos) -> None:
    done = hook(repos["clean"], bash_call("make check deploy", repos["clean"]))
    output = json.loads(done.stdout)["hookSpecificOutput"]
    assert (done.returncode, done.stderr) == (0, b"")
    assert (output["hookEventName"], output["permissionDecision"]) == ("PreToolUse", "ask")
    assert "deploy" in output["permissionDecisionReason"]


def test_refusals_say_what_to_do_instead(guard, repos) -> None:
    root = repos["ignored"]
    assert ".env.example" in verdict(guard, root, "cat .env")[1]
    assert "`app`" in verdict(guard, root, "grep -r x .")[1]
    assert "`-- app`" in verdict(guard, root, "git log -p")[1]
    assert 'alembic revision --autogenerate -m "NAME"' in verdict(guard, root, f"rm {OLD}")[1]


def test_it_survives_jinja() -> None:
    assert not [sign for sign in ("{" + "{", "{" + "%", "{" + "#") if sign in HOOK.read_text()]


BROKEN = [
    b"",
    b"{",
    b"null",
    b"[1]",
    b"\xff\xfe",
    b'{"tool_name": 3, "tool_input": "x", "cwd": 4}',
    b'{"tool_name": "Bash", "tool_input": null}',
    b'{"tool_name": "Bash", "tool_input": {"command": ["cat", ".env"]}}',
    b'{"tool_name": "Read", "tool_input": {"file_path": "a\\u0000b"}}',
    b'{"tool_name": "Bash", "tool_input": {"command": "cat \\u0000"}, "cwd": "/nowhere/at/all"}',
    b'{"tool_name": "Bash", "tool_input": {"command": "' + b"$(" * 3000 + b'"}}',
    b'{"tool_name": "Bash", "tool_input": {"command": "' + b"{a,b}" * 3000 + b'"}}',
    b'{"tool_name": "Bash", "tool_input": {"command": "cat ' + b"*a" * 200 + b'"}}',
]


@pytest.mark.parametrize("given_input", BROKEN, ids=range(len(BROKEN)))
def test_broken_input_passes(repos, given_input) -> None:
    done = hook(repos["ignored"], given_input)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.parametrize(
    "text",
    [
        None,
        "{",
        "[]",
        "null",
        '{"secrets": 3, "paths": [], "commands": 4}',
        '{"secrets": ["[z-a]", 3, "**"]}',
    ],
)
def test_broken_project_file_passes(tmp_path, text) -> None:
    write(tmp_path, ".claude/hooks/guard.py", HOOK.read_text())
    if text is not None:
        write(tmp_path, ".claude/hooks/project.json", text)
    done = hook(tmp_path, bash_call("make check", tmp_path))
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_odd_surroundings(guard, tmp_path) -> None:
    """No git, quotes and blanks in names, a loop of links, a deep folder, another current folder."""
    root = tmp_path / "a b'c\"d"
    write(root, ".claude/hooks/project.json", json.dumps(PROJECT))
    write(root, "app/main.py", "")
    write(root, "my 'own' files/.env", MARKER)
    (root / "app/loop").symlink_to(root)
    (root / "app/gone").symlink_to("nowhere")
    deep = root / "/".join(["deep"] * 100)
    deep.mkdir(parents=True)
    assert verdict(guard, root, "grep -rn x app")[0] == "pass"
    assert verdict(guard, root, "grep -rn x .")[0] == "refuse"
    assert verdict(guard, root, "cat my*/.env")[0] == "refuse"
    assert verdict(guard, root, "cat \"my 'own' files/.env\"")[0] == "refuse"
    assert verdict(guard, root, "cat app/loop/app/loop/my*/.e*")[0] == "refuse"
    call = bash_call("cat x; grep -r x .; cat ../*/x", deep)
    assert guard.judge(call, guard.load(str(root / ".claude/hooks")))[0] == "pass"
    assert verdict(guard, root, "git log -p; git diff; git show HEAD; git add -A; git stash")[0] == "pass"
    assert verdict(guard, root, "rm -r app/migrations; echo x > app/migrations/versions/1.py")[0] == "pass"
    call = bash_call("cat .e*", root / "my 'own' files")
    assert guard.judge(call, guard.load(str(root / ".claude/hooks")))[0] == "refuse"


def test_the_clients_search_sees_hidden_files_and_ripgrep_does_not(guard, tmp_path) -> None:
    run(tmp_path, "git", "init", "-q")
    write(tmp_path, ".claude/hooks/project.json", json.dumps(PROJECT))
    write(tmp_path, ".env", MARKER)
    write(tmp_path, "public.key", "")
    call = {
        "tool_name": "Grep",
        "tool_input": {"pattern": "x", "output_mode": "content"},
        "cwd": str(tmp_path),
    }
    project = guard.load(str(tmp_path / ".claude/hooks"))
    assert guard.judge(call, project)[0] == "refuse"
    call["tool_input"]["output_mode"] = "files_with_matches"
    assert guard.judge(call, project)[0] == "pass"
    assert verdict(guard, tmp_path, "rg x; cat public.key")[0] == "pass"
    assert verdict(guard, tmp_path, "rg --hidden x")[0] == "refuse"


def test_no_commit_yet_leaves_migrations_free(guard, tmp_path) -> None:
    run(tmp_path, "git", "init", "-q")
    write(tmp_path, ".claude/hooks/project.json", json.dumps(PROJECT))
    write(tmp_path, OLD, "a")
    run(tmp_path, "git", "add", OLD)
    assert verdict(guard, tmp_path, f"echo x > {OLD}")[0] == "pass"


def test_worktree_and_subfolder(guard, repos, tmp_path) -> None:
    """Committed migrations are held in a linked worktree and where the project is a subfolder."""
    project = guard.load(str(repos["ignored"] / ".claude/hooks"))
    tree = tmp_path / "tree"
    run(repos["ignored"], "git", "worktree", "add", "-q", "--detach", str(tree))
    for name in (OLD, SQL):
        call = {"tool_name": "Edit", "tool_input": {"file_path": str(tree / name)}, "cwd": str(tree)}
        assert guard.judge(call, project)[0] == "refuse"
    run(repos["ignored"], "git", "worktree", "remove", "--force", str(tree))

    base(tmp_path / "mono", "")
    (tmp_path / "mono/backend").mkdir()
    for name in ("app", "prisma", ".claude"):
        run(tmp_path / "mono", "git", "mv", name, "backend")
    commit(tmp_path / "mono", "moved")
    for name in (OLD, SQL):
        assert verdict(guard, tmp_path / "mono/backend", f"rm {name}")[0] == "refuse"


SIGNS = """ \t\n'"\\$`(){}[]<>|&;*?!#~=,.:-@%^/"""
WORDS = """
    $( ${ EOF <<< <( >( $' && || ;; cat grep -r rg find -exec -name xargs -I{} git show log -p stash add
    bash -c eval env timeout for in do done while read case esac if fi .env .e* secrets app HEAD tar cp sed -i
    docker compose config cd .. ls -a make check --output=x f= $f 1 2> \U000f0000 \ue02a é
"""
PIECES = st.sampled_from([*SIGNS, *WORDS.split(), "<<EOF\n", "\x00", OLD])


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(PIECES, max_size=30), glue=st.sampled_from(["", " "]))
def test_any_text_gets_a_verdict(guard, repos, pieces, glue) -> None:
    outcome, reason = verdict(guard, repos["ignored"], glue.join(pieces))
    assert outcome in ("pass", "ask", "refuse")
    assert bool(reason) == (outcome != "pass")


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    tool=st.sampled_from(["Bash", "Read", "Edit", "Write", "NotebookEdit", "Grep", "Glob", "Other"]),
    given_input=st.dictionaries(
        st.sampled_from(["command", "file_path", "path", "glob", "pattern", "notebook_path", "output_mode"]),
        st.one_of(st.text(max_size=60), st.none(), st.integers(), st.just("content")),
    ),
)
def test_any_call_gets_a_verdict(guard, repos, tool, given_input) -> None:
    call = {"tool_name": tool, "tool_input": given_input, "cwd": str(repos["ignored"])}
    assert guard.judge(call, guard.load(str(repos["ignored"] / ".claude/hooks")))[0] in (
        "pass",
        "ask",
        "refuse",
    )


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda text: json.dumps(text).encode()))
)
def test_any_bytes_exit_0_or_2(repos, text) -> None:
    assert hook(repos["ignored"], text).returncode in (0, 2)
    call = b'{"tool_name": "Bash", "tool_input": {"command": ' + text + b"}}"
    assert hook(repos["ignored"], call).returncode in (0, 2)


# Speed

QUICK = [
    "ls -la",
    "git status",
    "uv run pytest -x",
    "grep -rn TODO app",
    "grep -rn TODO .",
    "rg TODO",
    "cat app/**/*.py",
    "git diff",
    "git log -p",
    "git show HEAD",
    "git add -A",
    "git grep TODO",
    "find . -name '*.py' | xargs grep TODO",
]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of 10,000 files."""
    root = tmp_path_factory.mktemp("large") / "repo"
    base(root, ".env\n")
    for index in range(10_000):
        write(root, f"app/package{index // 200}/module{index // 20 % 10}/file{index}.py", f"x = {index}\n")
    commit(root, "many files")
    write(root, ".env", MARKER)
    return root


def milliseconds(*command: str, text: bytes = b"") -> tuple[float, float]:
    """Wall time and processor time, children included: on a busy machine the smaller is the fair one."""
    with tempfile.TemporaryFile() as file:
        file.write(text)
        file.seek(0)
        start = time.perf_counter()
        process = subprocess.Popen(command, stdin=file, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = status
    return (time.perf_counter() - start) * 1000, (usage.ru_utime + usage.ru_stime) * 1000


def slowest(root: Path) -> tuple[float, str]:
    """The largest median beyond that of a bare interpreter, in milliseconds; the runs are interleaved."""
    bare: list[tuple[float, float]] = []
    used: dict[str, list[tuple[float, float]]] = {command: [] for command in QUICK}
    for _ in range(7):
        for command in QUICK:
            bare.append(milliseconds(sys.executable, "-c", "pass"))
            text = json.dumps(bash_call(command, root)).encode()
            used[command].append(
                milliseconds(sys.executable, str(root / ".claude/hooks/guard.py"), text=text)
            )

    def more(times: list[tuple[float, float]]) -> float:
        return min(
            statistics.median(pair[kind] for pair in times) - statistics.median(pair[kind] for pair in bare)
            for kind in (0, 1)
        )

    return max((more(times), command) for command, times in used.items())


def test_at_most_60_milliseconds_more_than_python_itself(large) -> None:
    """Medians of one run; two more runs make up for a busy machine, and one overrun by others is no judge."""
    worst = slowest(large)
    for _ in range(2):
        worst = worst if worst[0] <= 60 else min(worst, slowest(large))
    if worst[0] > 60 and os.getloadavg()[0] > 2 * (os.cpu_count() or 1):
        pytest.skip(f"the machine is overloaded: {worst}")
    assert worst[0] <= 60, worst
