"""The frame of every page: head with its policy, navigation, banner, footer with the legend. One file or many."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from urllib.parse import quote

from levelfield import __version__
from levelfield.page.markup import Child, Markup, element, join
from levelfield.page.policy import fingerprint
from levelfield.results.messaging import LEGEND
from levelfield.results.site.inputs import SiteInputs

__all__ = ["SCRIPTS", "STYLE", "Frame", "Page", "Places", "asset", "external"]

NAVIGATION = (
    ("Overview", "index.html"),
    ("Explore", "explore.html"),
    ("Tables", "tables.html"),
    ("Pareto", "pareto.html"),
    ("Scaling", "scaling.html"),
    ("Ratio", "ratio.html"),
    ("Rounds", "rounds.html"),
    ("Distribution", "distribution.html"),
    ("Compare", "compare.html"),
    ("Findings", "findings.html"),
    ("Downloads", "downloads.html"),
    ("About", "about.html"),
)
PRIVATE = "Private build: these results are not published. Do not pass them on."
SCRIPTS = ("site.js", "table.js", "chart.js", "explore.js", "compare.js")
STYLE = "site.css"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The content of a page, not yet in its frame."""

    path: str
    """From the root of the site, POSIX."""
    title: str
    main: Markup
    scripts: tuple[str, ...] = ()
    """Assets beyond the common one."""
    data: bool = False
    """Whether the page reads the data files."""
    wide: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where a page's links lead: relative files, or parts of the one file."""

    current: str
    single: bool = False

    def to(self, path: str, state: Sequence[tuple[str, str]] = ()) -> str:
        """The address of a page of the site, with a state in its fragment if there is one."""
        fragment = "&".join(f"{quote(key, safe='')}={quote(value, safe=',')}" for key, value in state)
        if self.single:
            return f"#page={quote(path.removesuffix('.html'), safe='/')}" + (f"&{fragment}" if fragment else "")
        return "../" * self.current.count("/") + quote(path) + (f"#{fragment}" if fragment else "")

    def link(self, path: str, *children: Child, state: Sequence[tuple[str, str]] = ()) -> Markup:
        """A link inside the site."""
        return element("a", *children, href=self.to(path, state))

    def identifier(self, name: str) -> str:
        """An id that is unique in the file that the page ends up in."""
        return re.sub(r"[^A-Za-z0-9_-]", "-", f"{self.current.removesuffix('.html')}-{name}") if self.single else name


def external(address: str, *children: Child) -> Markup:
    """A link that leaves the site, if it is one that may be followed; else its text."""
    if not re.fullmatch(r"https://[A-Za-z0-9.-]+(/[^\s\"<>\\]*)?", address):
        return element("span", *(children or (address,)))
    return element("a", *(children or (address,)), href=address, rel="noopener nofollow")


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Writes pages of one site."""

    inputs: SiteInputs
    data_files: tuple[tuple[str, str], ...]
    """Names and texts of the scripts that hold the data."""
    digest: str
    """Of the data, the code and the inputs: equal digests are equal sites."""

    def page(self, page: Page) -> str:
        """One page as a file of its own."""
        root = "../" * page.path.count("/")
        names = ["site.js", *page.scripts]
        files = [name for name, _ in self.data_files] if page.data else []
        policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src data:"
        head = self._head(
            f"{page.title} · {self.inputs.title}",
            policy,
            element("link", rel="stylesheet", href=f"{root}assets/{STYLE}"),
            # In the head and before the body: the theme is set before anything is drawn.
            element("script", src=f"{root}assets/theme.js"),
            *(element("script", src=f"{root}{name}", defer=True) for name in files),
            *(element("script", src=f"{root}assets/{name}", defer=True) for name in names),
        )
        places = Places(current=page.path)
        main = element("main", page.main, id="main", class_="wide" if page.wide else None, tabindex="-1")
        return self._document(head, places, page.path, main, root=root)

    def single(self, pages: Sequence[Page]) -> str:
        """All pages in one file: without a script one after the other, with it one at a time."""
        style = asset(STYLE)
        scripts = [asset("theme.js"), *(text for _, text in self.data_files), *(asset(name) for name in SCRIPTS)]
        policy = (
            f"default-src 'none'; style-src {fingerprint([style])}; script-src {fingerprint(scripts)}; img-src data:"
        )
        head = self._head(
            self.inputs.title, policy, element("style", Markup(style)), element("script", Markup(scripts[0]))
        )
        sections = [
            element(
                "section",
                page.main,
                id=f"page={page.path.removesuffix('.html')}",
                class_="page wide" if page.wide else "page",
                data_title=page.title,
                tabindex="-1",
            )
            for page in pages
        ]
        main = element("main", *sections, id="main")
        tail = join(element("script", Markup(text)) for text in scripts[1:])
        places = Places(current="index.html", single=True)
        return self._document(head, places, "index.html", main, root="", tail=tail)

    def _head(self, title: str, policy: str, *parts: Child) -> Markup:
        return element(
            "head",
            element("meta", charset="utf-8"),
            element("meta", http_equiv="Content-Security-Policy", content=policy),
            element("meta", name="viewport", content="width=device-width, initial-scale=1"),
            element("meta", name="color-scheme", content="light dark"),
            element("meta", name="generator", content=f"levelfield {__version__}"),
            element("meta", name="robots", content="noindex") if self.inputs.private else None,
            element("title", title),
            element("link", rel="icon", href="data:,"),
            *parts,
        )

    def _document(
        self, head: Markup, places: Places, path: str, main: Markup, *, root: str, tail: Markup | None = None
    ) -> str:
        body = element(
            "body",
            element("a", "Skip to the content", class_="skip", href="#main"),
            element("p", PRIVATE, class_="banner", role="note") if self.inputs.private else None,
            element(
                "header",
                places.link("index.html", element("strong", self.inputs.title)),
                element("nav", element("ul", *_items(places, path)), aria_label="Pages"),
                class_="top",
            ),
            main,
            self._footer(places),
            element("div", id="tip", role="status", hidden=True),
            tail,
            data_root=root,
        )
        return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"

    def _footer(self, places: Places) -> Markup:
        return element(
            "footer",
            element("p", LEGEND),
            element(
                "p",
                f"Written by levelfield {__version__}. Results retrieved on {self.inputs.retrieved.isoformat()}; build "
                f"{self.digest[:12]}. ",
                places.link("about.html", "Sources, terms and formulas"),
                ".",
            ),
            class_="bottom",
        )


def _items(places: Places, path: str) -> Iterable[Markup]:
    for word, target in NAVIGATION:
        current = "page" if target == path and not places.single else None
        yield element("li", element("a", word, href=places.to(target), aria_current=current))


@cache
def asset(name: str) -> str:
    """A style or script of ours."""
    return resources.files("levelfield.results.site").joinpath(f"assets/{name}").read_text(encoding="utf-8")
