//! Whose an earlier address is.

use accessctl::backend::snapshot;
use accessctl::desired::apart;
use accessctl::model::{Interner, State};

use super::{NOW, desired};

/// A live side on which these have an account, and nothing else is.
fn live(users: &[&str]) -> State {
    let user = |user: &&str| format!(r#"{{"email":"{user}@acme.com","role":"member","status":"active"}}"#);
    let users: Vec<String> = users.iter().map(user).collect();
    let text = format!(
        r#"{{"format":"accessctl.snapshot/1","organization":{{"id":77,"name":"Acme"}},"projects":[],"users":[{}],"teams":[],"grants":[]}}"#,
        users.join(",")
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("live.json");
    std::fs::write(&path, text).unwrap();
    snapshot::load(&path, NOW, &mut Interner::default()).unwrap().state
}

#[test]
fn whoever_edits_does_not_say_who_is_one_person_with_whom() {
    let with = |users: &str| desired(&format!("version: 1\norg: {{ key: acme, id: 77 }}\n{users}projects: {{}}\n"));
    let users = |names: &[&str]| {
        let lines = names.iter().map(|name| match name.split_once(" was ") {
            Some((new, olds)) => {
                let olds: Vec<String> = olds.split(' ').map(|old| format!("{old}@acme.com")).collect();
                format!("  {new}@acme.com: {{ role: member, previously: [{}] }}\n", olds.join(", "))
            }
            None => format!("  {name}@acme.com: member\n"),
        });
        with(&format!("users:\n{}", lines.collect::<String>()))
    };
    for (base, head, there, told) in [
        // Somebody has another address.
        (users(&["old"]), users(&["new was old"]), &["old"][..], &[][..]),
        (users(&["old"]), users(&["new was old"]), &[], &[]),
        (users(&["new was old"]), users(&["new was old"]), &["old", "new"], &[]),
        (users(&["new was old"]), users(&["newest was new old"]), &["old", "new"], &[]),
        // Nobody knows whose the account was before.
        (users(&["ana"]), users(&["ana", "new was old"]), &["ana", "old"], &[]),
        (users(&["ana"]), users(&["ana was old"]), &["ana"], &[]),
        // Two people have accounts of their own, as the base says or as is live.
        (users(&["ana", "old"]), users(&["ana was old"]), &["ana", "old"], &["old"]),
        (users(&["ana", "old"]), users(&["ana was old"]), &[], &["old"]),
        (users(&["ana"]), users(&["ana was old"]), &["ana", "old"], &["old"]),
        (users(&["old"]), users(&["new was old"]), &["old", "new"], &["old"]),
        (users(&["a", "b", "c"]), users(&["new was a b c"]), &["a", "b", "c"], &["b", "c"]),
        // Whom the base knows is meant before anybody else.
        (users(&["b"]), users(&["new was a b c"]), &["a", "b", "c"], &["a", "c"]),
        (users(&["ana was old", "bo"]), users(&["ana", "bo was old"]), &["ana", "bo", "old"], &["old"]),
        (with(""), users(&["ana was old"]), &["ana", "old"], &["old"]),
    ] {
        let found = apart(&base, &head, &live(there));
        let found: Vec<&str> = found.keys().map(|old| old.split('@').next().unwrap()).collect();
        assert_eq!(found, told, "{:?} {:?} {there:?}", base.users, head.users);
    }
}
