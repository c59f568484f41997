use pulldown_cmark::{Alignment, Event, Options, Parser, Tag, html};

/// Of every page here: the content security policy knows no style but that of a file.
pub(super) const STYLE: &str = include_str!("style.css");

/// Around the title and the content.
const FRAME: [&str; 3] = [
    r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>"#,
    r#" · Signalbox</title>
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/runbooks/style.css">
<script src="/theme.js"></script>
</head>
<body>
<nav><a href="/">Signalbox</a> <a href="/runbooks">Runbooks</a></nav>
<main>
"#,
    "</main>\n</body>\n</html>\n",
];

/// The Markdown of one runbook as a page. Its HTML is text: nothing in it is run.
pub(super) fn of_runbook(name: &str, markdown: &str) -> String {
    let events = Parser::new_ext(markdown, Options::ENABLE_TABLES).map(|event| match event {
        Event::Html(html) | Event::InlineHtml(html) => Event::Text(html),
        // an alignment would become an inline style
        Event::Start(Tag::Table(columns)) => Event::Start(Tag::Table(vec![Alignment::None; columns.len()])),
        Event::Start(Tag::Link {
            link_type,
            dest_url,
            title,
            id,
        }) if !is_page(&dest_url) => Event::Start(Tag::Link {
            link_type,
            dest_url: "".into(),
            title,
            id,
        }),
        other => other,
    });
    let mut content = String::new();
    html::push_html(&mut content, events);
    framed(name, &content)
}

/// A page that leads to each of `names`.
pub(super) fn of_list(title: &str, names: &[&str]) -> String {
    let items: Vec<_> = names
        .iter()
        .map(|name| format!("<li><a href=\"/runbooks/{0}\">{0}</a></li>\n", escaped(name)))
        .collect();
    framed(
        title,
        &format!("<h1>{}</h1>\n<ul>\n{}</ul>\n", escaped(title), items.concat()),
    )
}

fn framed(title: &str, content: &str) -> String {
    let [head, body, end] = FRAME;
    [head, &escaped(title), body, content, end].concat()
}

/// Whether following the link loads a page, rather than running something.
fn is_page(link: &str) -> bool {
    !link.contains(':') || link.starts_with("https://") || link.starts_with("http://")
}

fn escaped(text: &str) -> String {
    let mut html = String::new();
    html::push_html(&mut html, std::iter::once(Event::Text(text.into())));
    html.replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(markdown: &str, expected: &str) {
        let page = of_runbook("Example", markdown);
        let (_, content) = page.split_once("<main>\n").unwrap();
        let (content, _) = content.split_once("</main>").unwrap();
        assert_eq!(content, expected);
    }

    #[test]
    fn markdown_becomes_html() {
        check("# A *b*", "<h1>A <em>b</em></h1>\n");
        check("- `up == 0`", "<ul>\n<li><code>up == 0</code></li>\n</ul>\n");
        check(
            "[other](DataPlaneDown.md)",
            "<p><a href=\"DataPlaneDown.md\">other</a></p>\n",
        );
        check(
            "| a |\n|--:|\n| 1 |",
            "<table><thead><tr><th>a</th></tr></thead><tbody>\n<tr><td>1</td></tr>\n</tbody></table>\n",
        );
    }

    #[test]
    fn nothing_in_it_is_run() {
        check(
            "a <b onclick=\"x()\">c</b>",
            "<p>a &lt;b onclick=\"x()\"&gt;c&lt;/b&gt;</p>\n",
        );
        check("<script>x()</script>", "&lt;script&gt;x()&lt;/script&gt;");
        check("[a](javascript:x)", "<p><a href=\"\">a</a></p>\n");
        check(
            "[a](https://example.com/)",
            "<p><a href=\"https://example.com/\">a</a></p>\n",
        );
        assert_eq!(escaped("<\"&"), "&lt;&quot;&amp;");
    }
}
