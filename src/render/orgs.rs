//! The organizations of a configuration, as text and as JSON, version 1.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use super::{visible, visible_name, width};
use crate::visible::write_json;

/// The value of `format`.
pub const FORMAT: &str = "accessctl.orgs/1";

/// One organization, as the configuration defines it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Org {
    /// Its key, for `--org`.
    pub key: String,
    /// Its id on the service.
    pub id: u64,
    /// Its name, where one is written.
    pub name: Option<String>,
    /// Where its live side is: `local`, `mixpanel`, or nothing where no backend is named.
    pub backend: Option<String>,
    /// Where the service keeps its data; nothing for a store.
    pub region: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(title = "accessctl organizations, version 1")]
struct Document<'a> {
    /// Name and version of this format.
    #[schemars(extend("const" = FORMAT))]
    format: &'static str,
    /// The organizations, by key.
    orgs: &'a [Org],
}

/// Returns the JSON Schema of the document.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Document<'static>).to_value()
}

/// Writes `orgs` as one document on one line: a step of a job can pass it on as it is.
///
/// # Errors
/// Whatever the writer returns.
pub fn write_json_document(out: &mut dyn Write, orgs: &[Org]) -> io::Result<()> {
    write_json(out, &Document { format: FORMAT, orgs })?;
    writeln!(out)
}

/// Writes `orgs` for people, a line for each.
///
/// # Errors
/// Whatever the writer returns.
pub fn write_text(out: &mut dyn Write, orgs: &[Org]) -> io::Result<()> {
    let rows: Vec<[String; 4]> = orgs.iter().map(cells).collect();
    let widest = |column: usize| rows.iter().map(|row| width(&row[column])).max().unwrap_or(0);
    let widths = [widest(0), widest(1), widest(2)];
    for row in &rows {
        let mut line = String::new();
        for (cell, widest) in row.iter().zip(widths) {
            line.push_str(cell);
            line.push_str(&" ".repeat(widest - width(cell) + 2));
        }
        line.push_str(&row[3]);
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

fn cells(org: &Org) -> [String; 4] {
    let Org { key, id, name, backend, region } = org;
    let name = name.as_deref().map_or(String::new(), |name| visible_name(name).into_owned());
    let place: Vec<&str> = [backend, region].into_iter().filter_map(|part| part.as_deref()).collect();
    let place = if place.is_empty() { "no backend".to_owned() } else { visible(&place.join(" ")).into_owned() };
    [visible(key).into_owned(), id.to_string(), name, place]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(orgs: &[Org]) -> String {
        let mut out = Vec::new();
        write_text(&mut out, orgs).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_organization_has_a_line() {
        let org = |key: &str, id, name: Option<&str>, backend: Option<&str>, region: Option<&str>| Org {
            key: key.to_owned(),
            id,
            name: name.map(str::to_owned),
            backend: backend.map(str::to_owned),
            region: region.map(str::to_owned),
        };
        let orgs = [
            org("acme", 7654321, Some("東京\u{1b}"), Some("mixpanel"), Some("eu")),
            org("beta-two", 2, None, Some("local"), None),
            org("c", 3, Some("See"), None, None),
        ];
        assert_eq!(
            shown(&orgs),
            "acme      7654321  \"東京\\u{1b}\"  mixpanel eu\n\
             beta-two  2                      local\n\
             c         3        See           no backend\n"
        );
        assert_eq!(shown(&[]), "");
    }
}
