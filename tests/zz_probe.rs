//! The language: what is accepted and what comes of it.

use accessctl::desired::{Compiled, compile};
use accessctl::diagnostic::{Diagnostic, Place};
use accessctl::model::Interner;
use accessctl::source::{SourceFile, Sources};

fn show(sources: &Sources, d: &Diagnostic) -> String {
    match &d.place {
        Place::Text { main, others } => {
            let p = sources.position(main.span);
            let o: Vec<_> = others
                .iter()
                .map(|l| {
                    let p = sources.position(l.span);
                    format!("{}:{}:{}", p.path, p.line, p.column)
                })
                .collect();
            format!(
                "{} {}:{}:{} {:?} {} [{}] {:?} {:?} {}",
                d.code.as_str(),
                p.path,
                p.line,
                p.column,
                sources.text(main.span),
                d.message,
                main.text,
                o,
                d.helps,
                d.notes.join(";")
            )
        }
        other => format!("{} {:?} {}", d.code.as_str(), other, d.message),
    }
}

#[test]
fn probe() {
    for f in std::env::args().skip_while(|a| a != "--").skip(1) {
        eprintln!("{f}");
    }
    let dir = std::path::PathBuf::from("/tmp/lang-probe");
    let sources = accessctl::load::load(&[dir]);
    let sources = match sources {
        Ok(s) => s,
        Err(d) => {
            let s = Sources::default();
            for d in d {
                eprintln!("{}", show(&s, &d));
            }
            return;
        }
    };
    let Compiled { organizations, diagnostics } = compile(&sources, &mut Interner::default());
    for d in &diagnostics {
        eprintln!("{}", show(&sources, d));
    }
    eprintln!("{organizations:#?}");
    let _ = SourceFile::new("a", "b");
}
