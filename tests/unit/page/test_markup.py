from __future__ import annotations

from levelfield.page.markup import Markup, element, join, table


def test_text_is_escaped_and_markup_is_not() -> None:
    assert element("p", "<b> & \"'", Markup("<i>x</i>")) == "<p>&lt;b&gt; &amp; &quot;&#x27;<i>x</i></p>"


def test_attributes_are_escaped_rounded_and_left_out() -> None:
    found = element("a", class_='x" onclick="y', aria_label="é", x1=1.26, y=2.0, hidden=True, open=False, id=None)
    assert found == '<a class="x&quot; onclick=&quot;y" aria-label="é" x1="1.3" y="2" hidden></a>'


def test_void_elements_are_not_closed() -> None:
    assert element("meta", charset="utf-8") == '<meta charset="utf-8">'


def test_join_leaves_out_what_is_absent() -> None:
    assert join(["a<", None, Markup("<br>")]) == "a&lt;<br>"


def test_table_has_headers_for_columns_and_rows_and_can_be_reached_by_keyboard() -> None:
    found = table(("a", "b"), [("1", "2")], label="Two")
    assert '<th scope="col">a</th>' in found
    assert '<th scope="row">1</th><td>2</td>' in found
    assert found.startswith('<div class="scroll" role="region" aria-label="Two" tabindex="0">')
