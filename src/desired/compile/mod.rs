//! From documents to [`Desired`]: every name resolved, every contradiction reported.
//!
//! Each organization is put together from all its documents at once, so the order of files, documents and keys cannot
//! matter. A name that is not declared is reported only when everything that could declare it was read: what stands in
//! an unreadable part would otherwise be called missing.

mod acceptances;
mod backend;
mod blocked;
mod facts;
mod grants;
mod guards;
mod manage;
mod organizations;
mod policy;
mod previous;
mod projects;
mod saved;
mod teams;
mod users;

use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};

use super::Desired;
use crate::diagnostic::{self, Diagnostic, Findings};
use crate::model::Interner;
use crate::source::{FileId, Sources};
use crate::spec::{self, FileContents, Whole};

/// How many contradictions and unknown names are told.
const FINDINGS_LIMIT: usize = 10_000;

/// What the documents of a run say.
#[derive(Debug)]
pub struct Compiled {
    /// The organizations by key. To be used only when no diagnostic is an error.
    pub organizations: Vec<Desired>,
    /// What is wrong, sorted by place.
    pub diagnostics: Vec<Diagnostic>,
}

/// The documents of a run as they are written, each checked by itself.
#[derive(Debug)]
pub struct Documents<'a> {
    sources: &'a Sources,
    contents: Vec<FileContents<'a>>,
}

/// Reads every document of `sources`.
pub fn read(sources: &Sources) -> Documents<'_> {
    let contents = sources
        .files()
        .par_iter()
        .enumerate()
        .map(|(index, file)| spec::read(FileId(u32::try_from(index).unwrap_or(u32::MAX)), &file.text))
        .collect();
    Documents { sources, contents }
}

impl Documents<'_> {
    /// Puts the organizations together, sharing names with `names`.
    pub fn compile(mut self, names: &mut Interner) -> Compiled {
        let mut diagnostics: Vec<Diagnostic> =
            self.contents.iter_mut().flat_map(|file| file.diagnostics.drain(..)).collect();
        let mut findings = Findings::new(FINDINGS_LIMIT);
        let whole = self.contents.iter().fold(Whole::ALL, |whole, file| whole.and(file.whole));
        let whole = if self.sources.lacks_files() { Whole::NOTHING } else { whole };
        let gathered = organizations::gather(&self.contents, whole, &mut findings);
        saved::check_stores(self.sources, &gathered, &mut findings);
        if whole.documents {
            saved::check(self.sources, &self.contents, &gathered, &mut findings);
        }
        let organizations =
            gathered.iter().filter_map(|gathered| gathered.compile(whole, names, &mut findings)).collect();
        diagnostics.append(&mut findings.into_vec());
        diagnostic::sort(&mut diagnostics);
        Compiled { organizations, diagnostics }
    }
}

/// Reads every document of `sources` and puts the organizations together, sharing names with `names`.
pub fn compile(sources: &Sources, names: &mut Interner) -> Compiled {
    read(sources).compile(names)
}
