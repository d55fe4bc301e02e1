//! What the sections of one organization share while they are put together.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::desired::{Bound, Fact, Note, Window};
use crate::diagnostic::{Code, Diagnostic, Findings};
use crate::model::{Email, Interner};
use crate::near;
use crate::source::Span;
use crate::spec::{Document, EmailText, Moment, OneOrMany, Text, Whole};

/// After this many unknown users no near names are looked for: comparing every name with every other takes too long.
const NEAR_LIMIT: usize = 20;

/// The declared users, looked up by address.
#[expect(clippy::disallowed_types, reason = "looked up by text only, never iterated")]
pub(super) type DeclaredUsers = std::collections::HashMap<Email, Span, foldhash::fast::RandomState>;

/// One organization in the making.
pub(super) struct Scope<'d, 'a, 'n> {
    pub(super) documents: &'d [&'d Document<'a>],
    /// What could be read whole.
    pub(super) whole: Whole,
    pub(super) names: &'n mut Interner,
    pub(super) findings: &'n mut Findings,
    /// The users; `None` when no document has a `users` section.
    pub(super) users: Option<DeclaredUsers>,
    /// The time zone of dates; `None` where its name was reported.
    pub(super) timezone: Option<TimeZone>,
    unknown_users: usize,
    /// Facts that project groups stand for so far.
    pub(super) from_groups: usize,
}

impl<'d, 'a, 'n> Scope<'d, 'a, 'n> {
    pub(super) fn new(
        documents: &'d [&'d Document<'a>],
        timezone: Option<TimeZone>,
        whole: Whole,
        names: &'n mut Interner,
        findings: &'n mut Findings,
    ) -> Self {
        Self { documents, whole, names, findings, users: None, timezone, unknown_users: 0, from_groups: 0 }
    }

    /// The address, shared; its form was checked when it was read.
    pub(super) fn intern(&mut self, email: &EmailText<'_>) -> Option<Email> {
        Email::interned(&email.text, self.names).ok()
    }

    /// The user with the address; one that no `users` section declares is reported.
    pub(super) fn user(&mut self, email: &EmailText<'_>) -> Option<Email> {
        let Some(users) = &self.users else { return self.intern(email) };
        if let Some((known, _)) = users.get_key_value(&*email.text) {
            return Some(known.clone());
        }
        if self.whole.users {
            let message = format!("`{}` is not declared under `users`", email.text);
            let mut diagnostic = Diagnostic::at(Code::UnknownUser, email.span, message, "not declared");
            if self.unknown_users < NEAR_LIMIT {
                self.unknown_users += 1;
                let known = users.keys().map(Email::as_str);
                diagnostic = unknown(diagnostic, &email.text, known, || "add the person under `users` first".into());
            }
            self.findings.push(diagnostic);
        }
        None
    }

    /// What is written about a fact, if anything.
    pub(super) fn note(&mut self, written: Written<'_, '_>) -> Option<Arc<Note>> {
        let Written { reason, ticket, approved_by, sponsor, from, until } = written;
        let is_silent = reason.is_none() && ticket.is_none() && approved_by.is_none() && sponsor.is_none();
        if is_silent && from.is_none() && until.is_none() {
            return None;
        }
        let window = self.window(from, until);
        let owned = |text: Option<&Text<'_>>| text.map(|text| text.text.clone().into_owned());
        let mut email = |email: &EmailText<'_>| Email::interned(&email.text, self.names).ok();
        Some(Arc::new(Note {
            reason: owned(reason),
            ticket: owned(ticket),
            approved_by: approved_by.map_or(&[][..], |many| &many.0).iter().filter_map(&mut email).collect(),
            sponsor: sponsor.and_then(&mut email),
            window,
        }))
    }

    /// The time that is written; one that never comes is reported.
    fn window(&mut self, from: Option<&Moment>, until: Option<&Moment>) -> Window {
        let zone = self.timezone.clone().unwrap_or(TimeZone::UTC);
        let bound = |written: &Moment, at: Timestamp| Bound { at, day: written.value.day(), place: written.span };
        let written = |moment: Option<&Moment>| moment.map_or(String::new(), Moment::as_written);
        let (begins, ends) = (from, until);
        let from = from.map(|from| bound(from, from.value.start(&zone)));
        let until = until.map(|until| bound(until, until.value.end(&zone)));
        if let (Some(from), Some(until), Some(_)) = (from, until, &self.timezone)
            && until.at <= from.at
        {
            // A day ends when the next one begins: of days it is plain enough which comes first.
            let is_same = until.at == from.at && until.day.is_none();
            let when = if is_same { "at the moment at which it begins" } else { "before it begins" };
            let message = format!("this ends ({}) {when} ({})", written(ends), written(begins));
            self.findings.push(
                Diagnostic::at(Code::EmptyWindow, until.place, message, "ends here")
                    .also(from.place, "begins here")
                    .help("write an `until` after the `from`, or remove one of them"),
            );
        }
        Window { from, until }
    }

    /// Reports that something is said at `again` that was said at `first`.
    pub(super) fn twice(&mut self, code: Code, again: Span, first: Span, message: String) {
        self.findings.push(Diagnostic::at(code, again, message, "said again here").also(first, "first said here"));
    }

    /// Sorts facts by what they are about; one that is said twice is reported and left out.
    pub(super) fn once<K: Ord + Clone, T>(
        &mut self,
        mut facts: Vec<(K, Fact<T>)>,
        code: Code,
        message: impl Fn(&K) -> String,
    ) -> BTreeMap<K, Fact<T>> {
        if facts.is_sorted_by(|(a, _), (b, _)| a < b) {
            return facts.into_iter().collect();
        }
        // A stable sort: of equal facts, the first written stays.
        facts.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut previous: Option<(K, Span)> = None;
        facts.retain(|(key, fact)| match &previous {
            Some((known, first)) if known == key => {
                self.twice(code, fact.place, *first, message(key));
                false
            }
            Some(_) | None => {
                previous = Some((key.clone(), fact.place));
                true
            }
        });
        facts.into_iter().collect()
    }
}

/// Adds to `diagnostic` the name that was probably meant, or else what to do.
pub(super) fn unknown<'k>(
    diagnostic: Diagnostic,
    text: &str,
    known: impl IntoIterator<Item = &'k str>,
    otherwise: impl Fn() -> String,
) -> Diagnostic {
    let help = near::did_you_mean(text, known).unwrap_or_else(otherwise);
    diagnostic.help(help)
}

/// What is written about a fact.
#[derive(Clone, Copy, Default)]
pub(super) struct Written<'d, 'a> {
    pub(super) reason: Option<&'d Text<'a>>,
    pub(super) ticket: Option<&'d Text<'a>>,
    pub(super) approved_by: Option<&'d OneOrMany<EmailText<'a>>>,
    pub(super) sponsor: Option<&'d EmailText<'a>>,
    pub(super) from: Option<&'d Moment>,
    pub(super) until: Option<&'d Moment>,
}
