//! The page of `review --format html`: complete in itself, and nothing that strangers wrote acts in it.

use super::{Ended, accessctl, cases, words};

fn page(case: &str, more: &str) -> Ended {
    let case = cases().join(case).to_str().unwrap().to_owned();
    let mut arguments = words("review CASE/access.yaml --format html", &case);
    arguments.extend(words(more, &case).into_iter().filter(|word| !word.is_empty()));
    accessctl(&arguments)
}

/// What stands between the tags of the body, and the tags.
fn parts(page: &str) -> (Vec<&str>, Vec<&str>) {
    let body = &page[page.find("<body>").unwrap()..page.find("<script>").unwrap()];
    let (mut texts, mut tags) = (Vec::new(), Vec::new());
    for part in body.split('<').skip(1) {
        let (tag, text) = part.split_once('>').unwrap();
        tags.push(tag);
        texts.push(text);
    }
    (texts, tags)
}

#[test]
fn text_of_strangers_makes_no_tag_and_no_attribute() {
    let ended = page("hostile", "");
    let (texts, tags) = parts(&ended.stdout);
    for tag in &tags {
        let name = tag.trim_start_matches('/').split(' ').next().unwrap();
        let known = [
            "body", "h1", "h2", "h3", "p", "ul", "li", "b", "br", "span", "input", "section", "div", "table", "thead",
            "tbody", "tr", "th", "td",
        ];
        assert!(known.contains(&name), "<{tag}>");
        // The names of attributes, with their values taken out.
        let names: String = tag.split('"').step_by(2).collect();
        assert!(!names.contains("on") || *tag == "section" || *tag == "/section", "<{tag}>");
        assert_eq!(tag.matches('"').count() % 2, 0, "<{tag}>");
    }
    assert!(texts.iter().any(|text| text.contains("&lt;script&gt;alert(1)&lt;/script&gt;")));
    let acts = |c: char| c == '\u{202e}' || c == '\u{1b}' || c == '\u{200b}';
    assert!(!ended.stdout.contains(acts));
}

#[test]
fn the_page_asks_for_nothing_from_elsewhere() {
    let page = page("hostile", "").stdout;
    assert!(page.contains("http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-"));
    for reaching in ["<link", "src=\"", "href=", "@import", "url(", "style=\""] {
        assert!(!page.contains(reaching), "{reaching}");
    }
    assert_eq!(page.matches("<script").count(), 1);
    assert!(page.ends_with("</html>\n"));
}

#[test]
fn the_matrix_shows_the_strongest_role_and_what_is_not_applied_yet() {
    let page = page("live", "--live CASE/live.yaml").stdout;
    let row = |user: &str| {
        let matrix = &page[page.find("class=\"matrix\"").unwrap()..page.find("class=\"rows\"").unwrap()];
        let row = matrix.lines().find(|line| line.contains(&format!("<tr><th scope=\"row\">{user}"))).unwrap();
        let cells = row.split("<td").skip(1).map(|cell| {
            let text = &cell[cell.find('>').unwrap() + 1..cell.find("</td>").unwrap()];
            text.replace("<b class=\"differs\">*</b>", "*")
        });
        cells.collect::<Vec<_>>()
    };
    assert_eq!(row("ana@acme.com"), ["ow", "ow", "ow"]);
    assert_eq!(row("bo@acme.com"), ["an", "an*", ""]);
    assert_eq!(row("cy@agency.com"), ["+an", "+co", ""]);
}

#[test]
fn a_matrix_that_nobody_could_read_is_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = String::from("version: 1\norg: { key: acme, id: 1 }\nusers:\n");
    (0..2000).for_each(|number| text.push_str(&format!("  u{number}@acme.com: {{ role: admin }}\n")));
    text.push_str("projects:\n");
    (1..=120).for_each(|number| text.push_str(&format!("  p{number}: {number}\n")));
    let path = folder.path().join("access.yaml");
    std::fs::write(&path, text).unwrap();
    let typed = ["review", path.to_str().unwrap(), "--format", "html"].map(str::to_owned);
    let page = accessctl(&typed).stdout;
    assert!(page.contains("2,000 users by 120 projects are too many for a table."));
    assert!(!page.contains("class=\"matrix\"") && page.matches("<tr>").count() > 240_000);
}
