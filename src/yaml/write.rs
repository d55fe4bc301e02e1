//! Values as YAML text, in the two forms that people write: on one line, or indented over several.

/// A line that becomes longer than this is written over several.
const WIDTH: usize = 100;

/// A value to be written. Scalars stand in it as they are to stand in the file, with quotes where they need some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// One text.
    Scalar(String),
    /// A list.
    List(Vec<Value>),
    /// A mapping, in this order.
    Map(Vec<(String, Value)>),
}

impl Value {
    /// On one line.
    pub(crate) fn flow(&self) -> String {
        match self {
            Self::Scalar(text) => text.clone(),
            Self::List(items) => {
                let items: Vec<String> = items.iter().map(Self::flow).collect();
                format!("[{}]", items.join(", "))
            }
            Self::Map(entries) if entries.is_empty() => "{}".to_owned(),
            Self::Map(entries) => {
                let entries: Vec<String> =
                    entries.iter().map(|(key, value)| Addition::flow_entry(key, value)).collect();
                format!("{{ {} }}", entries.join(", "))
            }
        }
    }
}

/// An item of a list, or an entry of a mapping, that is to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Addition {
    /// The key, where it is added to a mapping.
    pub(crate) key: Option<String>,
    /// The value.
    pub(crate) value: Value,
    /// Whether it is a section of a document: over several lines however short, and apart from what is above.
    pub(crate) is_section: bool,
}

impl Addition {
    /// An item of a list.
    pub(crate) fn item(value: Value) -> Self {
        Self { key: None, value, is_section: false }
    }

    /// An entry of a mapping.
    pub(crate) fn entry(key: impl Into<String>, value: Value) -> Self {
        Self { key: Some(key.into()), value, is_section: false }
    }

    /// A section of a document.
    pub(crate) fn section(key: impl Into<String>, value: Value) -> Self {
        Self { key: Some(key.into()), value, is_section: true }
    }

    fn flow_entry(key: &str, value: &Value) -> String {
        format!("{key}: {}", value.flow())
    }

    /// As part of a list or mapping on one line.
    pub(crate) fn flow(&self) -> String {
        match &self.key {
            Some(key) => Self::flow_entry(key, &self.value),
            None => self.value.flow(),
        }
    }

    /// Its lines as part of a list or mapping that is indented by `indent`.
    pub(crate) fn block(&self, indent: usize) -> Vec<String> {
        let mut lines = Vec::new();
        self.write_block(indent, &mut lines);
        lines
    }

    fn write_block(&self, indent: usize, lines: &mut Vec<String>) {
        let start = " ".repeat(indent);
        let flow = self.value.flow();
        let Some(key) = &self.key else {
            lines.push(format!("{start}- {flow}"));
            return;
        };
        let fits = !self.is_section && indent + key.chars().count() + 2 + flow.chars().count() <= WIDTH;
        match &self.value {
            Value::List(items) if !fits && !items.is_empty() => {
                lines.push(format!("{start}{key}:"));
                for item in items {
                    Self::item(item.clone()).write_block(indent + 2, lines);
                }
            }
            Value::Map(entries) if !fits && !entries.is_empty() => {
                lines.push(format!("{start}{key}:"));
                for (key, value) in entries {
                    Self::entry(key.clone(), value.clone()).write_block(indent + 2, lines);
                }
            }
            Value::Scalar(_) | Value::List(_) | Value::Map(_) => lines.push(format!("{start}{key}: {flow}")),
        }
    }
}
