//! Edits of a YAML text that leave everything else as it is: comments, order, quotes and line ends.
//!
//! What is added takes the form of what it is added to: another line of an indented list, another value between brackets.
//! What stands on lines of its own is taken away with these lines; comments above it stay.

use std::collections::BTreeMap;
use std::ops::Range;

use super::write::{Addition, Value};
use super::{NodeId, ScalarText, Tree, View};
use crate::source::Span;

/// A part of the text that is written in a way that is not edited, such as by an anchor or a `? key`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unfit(pub(crate) Span);

/// What is to be done with the lists and mappings of one file.
#[derive(Debug)]
pub(crate) struct Edit<'a, 't> {
    tree: &'t Tree<'a>,
    text: &'a str,
    /// What each node is part of, and its place there: the number of the item, or of the entry.
    within: Vec<Option<(NodeId, usize)>>,
    /// The nodes by where they start.
    starts: Vec<(u32, NodeId)>,
    collections: BTreeMap<NodeId, Entries>,
    scalars: BTreeMap<NodeId, String>,
    newline: &'static str,
}

/// What is to be done with one list or mapping.
#[derive(Debug, Default)]
struct Entries {
    /// What comes in the place of an entry; where that is nothing, the entry is taken away.
    put: BTreeMap<usize, Vec<String>>,
    added: Vec<Addition>,
}

/// A range of the text, and what comes in its place.
#[derive(Debug)]
struct Splice {
    range: Range<usize>,
    text: String,
}

impl<'a, 't> Edit<'a, 't> {
    /// Edits of `text`, which `tree` was read from.
    pub(crate) fn new(tree: &'t Tree<'a>, text: &'a str) -> Self {
        let all = || (0..tree.nodes.len()).filter_map(|index| u32::try_from(index).ok()).map(NodeId);
        let mut within = vec![None; tree.nodes.len()];
        let mut starts: Vec<(u32, NodeId)> = all().map(|id| (tree.span(id).start, id)).collect();
        starts.sort_unstable();
        for id in all() {
            let step = match tree.view(id) {
                View::Sequence => 1,
                View::Mapping => 2,
                View::Scalar(..) | View::Alias(_) | View::Broken => continue,
            };
            for (place, child) in tree.children(id).enumerate() {
                if let Some(found) = within.get_mut(child.0 as usize) {
                    *found = Some((id, place / step));
                }
            }
        }
        let newline = newline(text);
        Self { tree, text, within, starts, collections: BTreeMap::new(), scalars: BTreeMap::new(), newline }
    }

    /// The tree that is edited.
    pub(crate) fn tree(&self) -> &'t Tree<'a> {
        self.tree
    }

    /// Whether nothing is to be done.
    pub(crate) fn is_empty(&self) -> bool {
        self.collections.is_empty() && self.scalars.is_empty()
    }

    /// The scalar that starts at `start`.
    pub(crate) fn scalar_at(&self, start: u32) -> Option<NodeId> {
        self.starting(start).find(|id| matches!(self.tree.view(*id), View::Scalar(..)))
    }

    /// The innermost mapping that starts at `start`.
    pub(crate) fn mapping_at(&self, start: u32) -> Option<NodeId> {
        self.starting(start).filter(|id| matches!(self.tree.view(*id), View::Mapping)).last()
    }

    fn starting(&self, start: u32) -> impl Iterator<Item = NodeId> + '_ {
        let first = self.starts.partition_point(|(known, _)| *known < start);
        self.starts[first..].iter().take_while(move |(known, _)| *known == start).map(|(_, id)| *id)
    }

    /// The list or mapping that `node` is a part of, and its place there.
    pub(crate) fn within(&self, node: NodeId) -> Option<(NodeId, usize)> {
        self.within.get(node.0 as usize).copied().flatten()
    }

    /// The key and value of an entry of a mapping.
    pub(crate) fn entry(&self, mapping: NodeId, place: usize) -> Option<(NodeId, NodeId)> {
        let mut children = self.tree.children(mapping).skip(2 * place);
        Some((children.next()?, children.next()?))
    }

    /// The value of `key` in a mapping.
    pub(crate) fn value_of(&self, mapping: NodeId, key: &str) -> Option<NodeId> {
        if !matches!(self.tree.view(mapping), View::Mapping) {
            return None;
        }
        let mut children = self.tree.children(mapping);
        while let (Some(name), Some(value)) = (children.next(), children.next()) {
            if matches!(self.tree.view(name), View::Scalar(text, _) if text.as_str().trim() == key) {
                return Some(value);
            }
        }
        None
    }

    /// The text of an item of a list, or of an entry of a mapping, with its range in the file.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn written(&self, collection: NodeId, place: usize) -> Result<(Range<usize>, &'a str), Unfit> {
        let range = self.items(collection)?.get(place).cloned().ok_or_else(|| self.unfit(collection))?;
        Ok((range.clone(), self.text.get(range).unwrap_or("")))
    }

    /// Where a node stands.
    pub(crate) fn range(&self, node: NodeId) -> Range<usize> {
        self.tree.span(node).start as usize..self.end(node)
    }

    /// What stands there, quotes included.
    pub(crate) fn raw(&self, node: NodeId) -> &'a str {
        self.text.get(self.range(node)).unwrap_or("")
    }

    /// The text of a scalar that stands in one piece in the file, without quotes.
    pub(crate) fn text_of(&self, node: NodeId) -> Option<&'a str> {
        match self.tree.view(node) {
            View::Scalar(ScalarText::Borrowed(text), _) => Some(text.trim()),
            View::Scalar(ScalarText::Owned(_), _) | View::Sequence | View::Mapping | View::Alias(_) | View::Broken => {
                None
            }
        }
    }

    /// Writes another scalar.
    pub(crate) fn set(&mut self, scalar: NodeId, text: impl Into<String>) {
        self.scalars.insert(scalar, text.into());
    }

    /// Takes an item of a list, or an entry of a mapping, away.
    pub(crate) fn remove(&mut self, collection: NodeId, place: usize) {
        self.put(collection, place, Vec::new());
    }

    /// Writes `texts` in the place of an item or an entry.
    pub(crate) fn put(&mut self, collection: NodeId, place: usize, texts: Vec<String>) {
        self.collections.entry(collection).or_default().put.insert(place, texts);
    }

    /// Adds to a list or mapping.
    pub(crate) fn add(&mut self, collection: NodeId, addition: Addition) {
        self.collections.entry(collection).or_default().added.push(addition);
    }

    /// The edited text.
    ///
    /// # Errors
    /// When some part is written in a way that is not edited.
    pub(crate) fn finish(&self) -> Result<String, Unfit> {
        let mut splices = Vec::new();
        // What is inside comes first where two things are added at the same place.
        for (&collection, entries) in self.collections.iter().rev() {
            if self.goes(collection) {
                continue;
            }
            if self.is_flow(collection) {
                self.edit_flow(collection, entries, &mut splices)?;
            } else {
                self.edit_block(collection, entries, &mut splices)?;
            }
        }
        for (&scalar, text) in &self.scalars {
            if !self.goes(scalar) {
                let span = self.tree.span(scalar);
                let end = self.end(scalar);
                if matches!(self.text[span.start as usize..end].chars().next(), Some('&' | '!' | '|' | '>')) {
                    return Err(self.unfit(scalar));
                }
                // In the quotes that stand there.
                let quote = self.text[span.start as usize..].chars().next().filter(|first| matches!(first, '"' | '\''));
                let text = match quote {
                    Some(quote) if !text.starts_with(['"', '{']) => format!("{quote}{text}{quote}"),
                    Some(_) | None => text.clone(),
                };
                splices.push(Splice { range: span.start as usize..end, text });
            }
        }
        splices.sort_by_key(|splice| (splice.range.start, !splice.range.is_empty()));
        let mut out = String::with_capacity(self.text.len() + 256);
        let mut done = 0;
        for Splice { range, text } in splices {
            // Whatever is taken away twice is gone once.
            let start = range.start.max(done);
            out.push_str(self.text.get(done..start).unwrap_or(""));
            out.push_str(&text);
            done = range.end.max(done);
        }
        out.push_str(self.text.get(done..).unwrap_or(""));
        Ok(out)
    }

    /// Whether `node` is part of something that another text takes the place of.
    fn goes(&self, node: NodeId) -> bool {
        let mut at = node;
        while let Some((collection, place)) = self.within(at) {
            if self.collections.get(&collection).is_some_and(|entries| entries.put.contains_key(&place)) {
                return true;
            }
            at = collection;
        }
        false
    }

    fn unfit(&self, node: NodeId) -> Unfit {
        Unfit(self.tree.mark(node))
    }

    /// Whether it is written between brackets.
    fn is_flow(&self, collection: NodeId) -> bool {
        let start = self.tree.span(collection).start as usize;
        matches!(self.text.as_bytes().get(start), Some(b'[' | b'{'))
    }

    /// Where what belongs to `node` ends: without the white space that follows an indented list or mapping.
    fn end(&self, node: NodeId) -> usize {
        let span = self.tree.span(node);
        let is_block = matches!(self.tree.view(node), View::Sequence | View::Mapping) && !self.is_flow(node);
        match self.tree.children(node).last().filter(|_| is_block) {
            Some(last) => self.end(last),
            None => span.start as usize + self.tree.text_of(span).trim_end().len(),
        }
    }

    /// Where each item, or each key with its value, stands.
    fn items(&self, collection: NodeId) -> Result<Vec<Range<usize>>, Unfit> {
        let start = |node: NodeId| self.tree.span(node).start as usize;
        let mut ranges = Vec::new();
        let mut children = self.tree.children(collection);
        match self.tree.view(collection) {
            View::Sequence => ranges.extend(children.map(|item| start(item)..self.end(item))),
            View::Mapping => {
                while let (Some(key), Some(value)) = (children.next(), children.next()) {
                    ranges.push(start(key)..self.end(value).max(self.end(key)));
                }
            }
            View::Scalar(..) | View::Alias(_) | View::Broken => return Err(self.unfit(collection)),
        }
        Ok(ranges)
    }

    /// Where the line of `at` begins.
    fn line_start(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |newline| newline + 1)
    }

    /// Where the line after that of `at` begins, or the text ends.
    fn next_line(&self, at: usize) -> usize {
        self.text[at..].find('\n').map_or(self.text.len(), |newline| at + newline + 1)
    }

    /// The rest of the line after `at`, if nothing but a comment stands there.
    fn ends_line(&self, at: usize) -> bool {
        let rest = self.text[at..self.next_line(at)].trim();
        rest.is_empty() || rest.starts_with('#')
    }

    /// Whether a comment follows on the line after `at`, and a comma at most.
    fn has_comment(&self, at: usize) -> bool {
        let at = self.after_comma(at);
        self.text[at..self.next_line(at)].trim_start().starts_with('#')
    }

    /// How many spaces stand before the item at `start`, with `- ` for one of a list; `None` where something else does.
    fn indent(&self, start: usize, is_list: bool) -> Option<usize> {
        let before = &self.text[self.line_start(start)..start];
        let spaces = if is_list { before.trim_end_matches(' ').strip_suffix('-')? } else { before };
        spaces.bytes().all(|byte| byte == b' ').then_some(spaces.len())
    }

    /// How far the items of a list or mapping are indented whose first one is at `start`: the first key of a mapping may
    /// stand behind the dash of a list.
    fn column(&self, start: usize, is_list: bool) -> Option<usize> {
        let before = &self.text[self.line_start(start)..start];
        let is_behind_dash = !is_list && before.bytes().all(|byte| matches!(byte, b' ' | b'-'));
        self.indent(start, is_list).or(is_behind_dash.then_some(before.len()))
    }

    fn edit_block(&self, collection: NodeId, entries: &Entries, splices: &mut Vec<Splice>) -> Result<(), Unfit> {
        let items = self.items(collection)?;
        let is_list = matches!(self.tree.view(collection), View::Sequence);
        let (Some(first), Some(last)) = (items.first(), items.last()) else { return Err(self.unfit(collection)) };
        let indent = self.column(first.start, is_list).ok_or_else(|| self.unfit(collection))?;
        for (place, texts) in &entries.put {
            let Some(item) = items.get(*place) else { continue };
            let stands_alone = self.indent(item.start, is_list) == Some(indent) && self.ends_line(item.end);
            if !stands_alone {
                return Err(self.unfit(collection));
            }
            if texts.is_empty() {
                let range = self.line_start(item.start)..self.next_line(item.end);
                splices.push(Splice { range, text: String::new() });
            } else {
                let dash = if is_list { "- " } else { "" };
                let between = format!("{}{}{dash}", self.newline, " ".repeat(indent));
                splices.push(Splice { range: item.clone(), text: texts.join(&between) });
            }
        }
        let stays = |place: usize| entries.put.get(&place).is_none_or(|texts| !texts.is_empty());
        if entries.added.is_empty() && !(0..items.len()).any(stays) {
            return self.empty(collection, is_list, splices);
        }
        if !self.ends_line(last.end) && !entries.added.is_empty() {
            return Err(self.unfit(collection));
        }
        let mut lines = Vec::new();
        for addition in &entries.added {
            if addition.is_section {
                lines.push(String::new());
            }
            lines.extend(addition.block(indent));
        }
        if !lines.is_empty() {
            let at = self.next_line(last.end);
            let text = lines.join(self.newline);
            let has_line_end = self.text[..at].ends_with('\n');
            let text = if has_line_end { format!("{text}{}", self.newline) } else { format!("{}{text}", self.newline) };
            splices.push(Splice { range: at..at, text });
        }
        Ok(())
    }

    /// Writes that a list or mapping, whose lines are taken away, is empty now: behind its key.
    fn empty(&self, collection: NodeId, is_list: bool, splices: &mut Vec<Splice>) -> Result<(), Unfit> {
        let key = self.within(collection).and_then(|(mapping, place)| self.entry(mapping, place));
        let (key, _) = key.filter(|(_, value)| *value == collection).ok_or_else(|| self.unfit(collection))?;
        let after = self.end(key);
        let rest = &self.text[after..];
        let colon = rest.len() - rest.trim_start_matches(' ').len();
        if !rest[colon..].starts_with(':') {
            return Err(self.unfit(collection));
        }
        let at = after + colon + 1;
        splices.push(Splice { range: at..at, text: if is_list { " []" } else { " {}" }.to_owned() });
        Ok(())
    }

    fn edit_flow(&self, collection: NodeId, entries: &Entries, splices: &mut Vec<Splice>) -> Result<(), Unfit> {
        let items = self.items(collection)?;
        let mut texts: Vec<Option<String>> = vec![None; items.len()];
        let mut gone = vec![false; items.len()];
        for (place, put) in &entries.put {
            if let (Some(text), Some(gone)) = (texts.get_mut(*place), gone.get_mut(*place)) {
                *gone = put.is_empty();
                *text = (!put.is_empty()).then(|| put.join(", "));
            }
        }
        // What is added takes the place of what goes, as far as that is possible.
        let mut added = entries.added.iter().map(Addition::flow);
        for ((item, text), gone) in items.iter().zip(&mut texts).zip(&mut gone).filter(|(_, gone)| **gone) {
            // The comment behind it is about what goes.
            if self.has_comment(item.end) {
                continue;
            }
            let Some(new) = added.next() else { break };
            (*text, *gone) = (Some(new), false);
        }
        let added: Vec<String> = added.collect();
        if gone.iter().all(|gone| *gone) {
            let (open, close) = (self.tree.span(collection).start as usize + 1, self.end(collection) - 1);
            let is_list = matches!(self.tree.view(collection), View::Sequence);
            let text = match (added.is_empty(), is_list) {
                (true, _) => String::new(),
                (false, true) => added.join(", "),
                (false, false) => format!(" {} ", added.join(", ")),
            };
            splices.push(Splice { range: open..close, text });
            return Ok(());
        }
        for (item, text) in items.iter().zip(texts) {
            splices.extend(text.map(|text| Splice { range: item.clone(), text }));
        }
        let mut place = 0;
        while place < items.len() {
            if !gone[place] {
                place += 1;
                continue;
            }
            let after = (place..items.len()).find(|next| !gone[*next]).unwrap_or(items.len());
            let before = place.checked_sub(1).map(|last| items[last].end);
            let next = items.get(after).map(|item| item.start);
            let range = self.without_run(items[place].start..items[after - 1].end, before, next);
            splices.push(Splice { range, text: String::new() });
            place = after;
        }
        let last = items.iter().zip(&gone).rev().find(|(_, gone)| !**gone).map(|(item, _)| item);
        if let (Some(last), false) = (last, added.is_empty()) {
            self.append_flow(last, &added, splices);
        }
        Ok(())
    }

    /// What is to be taken away for neighbouring items between brackets, with the comma and the line that become useless.
    fn without_run(&self, run: Range<usize>, before: Option<usize>, next: Option<usize>) -> Range<usize> {
        let breaks = |range: Range<usize>| self.text[range].contains('\n');
        let after_comma = self.after_comma(run.end);
        let line = self.line_start(run.start);
        if self.text[line..run.start].trim().is_empty() && self.ends_line(after_comma) {
            return line..self.next_line(after_comma);
        }
        match (before, next) {
            (_, Some(next)) if !breaks(run.end..next) => run.start..next,
            (Some(before), _) if !breaks(before..run.start) => before..run.end,
            (_, Some(_)) => run.start..after_comma,
            (_, None) => run,
        }
    }

    /// Behind the comma after `at`, if one follows on the line.
    fn after_comma(&self, at: usize) -> usize {
        let rest = &self.text[at..];
        let spaces = rest.len() - rest.trim_start_matches(' ').len();
        if rest[spaces..].starts_with(',') { at + spaces + 1 } else { at }
    }

    fn append_flow(&self, last: &Range<usize>, added: &[String], splices: &mut Vec<Splice>) {
        let line = self.line_start(last.start);
        let indent = &self.text[line..last.start];
        let after_comma = self.after_comma(last.end);
        if line > 0 && indent.trim().is_empty() && self.ends_line(after_comma) {
            // One on each line: the comment of the last one stays with it.
            let has_comma = after_comma > last.end;
            if !has_comma {
                splices.push(Splice { range: last.end..last.end, text: ",".to_owned() });
            }
            let between = format!(",{}{indent}", self.newline);
            let end = if has_comma { "," } else { "" };
            let at = self.next_line(after_comma);
            let text = format!("{indent}{}{end}{}", added.join(&between), self.newline);
            splices.push(Splice { range: at..at, text });
        } else {
            splices.push(Splice { range: last.end..last.end, text: format!(", {}", added.join(", ")) });
        }
    }
}

/// A document, which says the version and contributes `sections` to the organization `org`, behind `text`.
pub(crate) fn append_document(text: &mut String, org: &str, sections: Vec<(String, Value)>) {
    let newline = newline(text);
    let mut lines = Vec::new();
    if !text.trim().is_empty() {
        if !text.ends_with('\n') {
            text.push_str(newline);
        }
        lines.push("---".to_owned());
    }
    lines.extend(["version: 1".to_owned(), format!("org: {org}")]);
    for (key, value) in sections {
        lines.push(String::new());
        lines.extend(Addition::section(key, value).block(0));
    }
    lines.push(String::new());
    text.push_str(&lines.join(newline));
}

/// How lines end in `text`.
fn newline(text: &str) -> &'static str {
    match text.find('\n') {
        Some(at) if text[..at].ends_with('\r') => "\r\n",
        Some(_) | None => "\n",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;
    use crate::yaml::parse;

    /// Removes and adds in what stands under `a`.
    fn edited(text: &str, removed: &[usize], added: &[&str]) -> Result<String, Unfit> {
        let parsed = parse(FileId(0), text);
        let mut edit = Edit::new(&parsed.tree, text);
        let node = edit.value_of(parsed.documents[0], "a").unwrap();
        removed.iter().for_each(|place| edit.remove(node, *place));
        let is_list = matches!(parsed.tree.view(node), View::Sequence);
        for text in added {
            let value = Value::Scalar((*text).to_owned());
            edit.add(node, if is_list { Addition::item(value) } else { Addition::entry(*text, value) });
        }
        edit.finish()
    }

    #[test]
    fn each_form_stays_what_it_is() {
        let cases: [(&str, &[usize], &[&str], &str); 24] = [
            ("a: [\n  x, # X\n  y\n]\n", &[0], &["n"], "a: [\n  y,\n  n\n]\n"),
            ("a: [\n  x,\n  y, # Y\n]\n", &[1], &["n"], "a: [\n  x,\n  n,\n]\n"),
            ("a: [x, y, z]\n", &[1], &[], "a: [x, z]\n"),
            ("a: [x, y, z]\n", &[0], &[], "a: [y, z]\n"),
            ("a: [x, y, z]\n", &[1, 2], &[], "a: [x]\n"),
            ("a: [x, y, z] # all\n", &[0, 1, 2], &[], "a: [] # all\n"),
            ("a: [x]\n", &[0], &["n"], "a: [n]\n"),
            ("a: []\n", &[], &["n", "m"], "a: [n, m]\n"),
            ("a: {}\n", &[], &["n"], "a: { n: n }\n"),
            ("a: { x: 1, y: 2 }\n", &[1], &["n"], "a: { x: 1, n: n }\n"),
            ("a: [x,\n  y]\n", &[1], &[], "a: [x,\n  ]\n"),
            ("a: [\n  x, # X\n  y # Y\n]\n", &[1], &[], "a: [\n  x, # X\n]\n"),
            ("a: [\n  x, # X\n  y # Y\n]\n", &[], &["n"], "a: [\n  x, # X\n  y, # Y\n  n\n]\n"),
            ("a: [\n  x,\n]\n", &[], &["n"], "a: [\n  x,\n  n,\n]\n"),
            ("a:\n- x\n- y\n", &[0], &["n"], "a:\n- y\n- n\n"),
            ("a:\n  - x # X\n  # about y\n  - y\nb: 1\n", &[0, 1], &[], "a: []\n  # about y\nb: 1\n"),
            ("a:\n  - x\n  - y\nb: 1\n", &[0, 1], &["n"], "a:\n  - n\nb: 1\n"),
            ("a: # some\n  x: 1\n", &[0], &[], "a: {} # some\n"),
            ("a:\n  x: 1", &[], &["n"], "a:\n  x: 1\n  n: n"),
            ("a:\r\n  x: 1\r\n", &[], &["n"], "a:\r\n  x: 1\r\n  n: n\r\n"),
            ("a:\n  x: |\n    text\n    more\n  y: 2\n", &[0], &[], "a:\n  y: 2\n"),
            ("a:\n  - k: 1\n    l: [1,\n      2]\n\n  - z\n", &[0], &[], "a:\n\n  - z\n"),
            ("a:\n    - x\n\n\nb: 1\n", &[], &["n"], "a:\n    - x\n    - n\n\n\nb: 1\n"),
            ("{ a: [x, \"y\"], b: 1 }\n", &[1], &[], "{ a: [x], b: 1 }\n"),
        ];
        for (text, removed, added, expected) in cases {
            assert_eq!(edited(text, removed, added).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn a_form_that_is_not_known_is_not_touched() {
        for text in ["a:\n  ? x\n  : 1\n", "a:\n  x: 1\n  ? y\n  : 2\n"] {
            assert!(edited(text, &[0], &["n"]).is_err() || edited(text, &[1], &["n"]).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_taken_away_takes_along_what_is_done_inside() {
        let text = "a:\n  x: { m: [1] }\n  y: [2]\n";
        let parsed = parse(FileId(0), text);
        let mut edit = Edit::new(&parsed.tree, text);
        let all = edit.value_of(parsed.documents[0], "a").unwrap();
        let inner = edit.value_of(edit.value_of(all, "x").unwrap(), "m").unwrap();
        edit.add(inner, Addition::item(Value::Scalar("3".to_owned())));
        edit.remove(all, 0);
        edit.add(edit.value_of(all, "y").unwrap(), Addition::item(Value::Scalar("4".to_owned())));
        assert_eq!(edit.finish().as_deref(), Ok("a:\n  y: [2, 4]\n"));
    }
}
