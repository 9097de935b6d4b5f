"""A static site of results: tables, plots and comparisons that work from a folder, without a server or a request."""

from __future__ import annotations

from levelfield.results.site.build import Site, build_site, write_site
from levelfield.results.site.inputs import SiteFinding, SiteInputs

__all__ = ["Site", "SiteFinding", "SiteInputs", "build_site", "write_site"]
