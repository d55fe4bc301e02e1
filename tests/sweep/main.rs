//! The sweep: whatever happens to whichever request, the next run finishes the work.
//!
//! The real client asks the real server, both in this process and in a time of their own. What a run without faults does
//! is written down first; then everything that may happen is made to happen at every place of it, each time to a new
//! organization.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fate;
mod ground;
mod judge;
#[path = "../support/middle.rs"]
#[expect(dead_code, reason = "real runs walk the plan here")]
mod middle;
#[path = "../laws/naive.rs"]
#[expect(dead_code, reason = "only the access itself is of interest")]
mod naive;
mod real;
#[path = "../support/runs.rs"]
#[expect(dead_code, reason = "nothing here looks at waits")]
mod runs;
mod story;
#[path = "../laws/world.rs"]
#[expect(dead_code, reason = "only the states are of interest")]
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use accessctl::cli::ExitStatus;
use accessctl::journal::REMEMBERED;
use jiff::SignedDuration;

use fate::Fate;
use ground::{Course, Ground};
use story::Story;

/// How many fates of generated organizations are tried: `SWEEP_CASES`, for a long night, or enough for every day.
#[expect(clippy::disallowed_methods, reason = "a knob of the test")]
fn cases() -> usize {
    std::env::var("SWEEP_CASES").map_or(240, |count| count.parse().unwrap())
}

/// Every fate is tried of runs of so few requests, as far as half of the cases reach.
const FEW_REQUESTS: usize = 32;

/// So many are tried of any other.
const SOME: usize = 6;

/// How many requests are made at a time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pace {
    /// One after the other: the same run makes the same requests in the same order.
    Alone,
    /// As many as there usually are. Some may be under way when a run is killed, and be done while the next one reads.
    Together,
}

/// Lets `fate` befall a run, and finishes the work.
fn try_out(story: &Story, fate: &Fate, pace: Pace) {
    let ground = Ground::new(story);
    fate.befall(&ground);
    ground.server.clear_faults();
    let mut again = None;
    for _ in 0..if pace == Pace::Alone { 1 } else { 4 } {
        ground.pass(SignedDuration::from_mins(5));
        let ended = again.insert(ground.apply());
        if ended.status != ExitStatus::Refused {
            break;
        }
    }
    // Whoever may have got a mail is not invited again for some days, unless somebody does it by hand.
    if again.as_ref().is_some_and(|ended| ended.status == ExitStatus::Incomplete && ended.said().contains("look for")) {
        assert!(story.plan.changes.iter().any(|planned| planned.sends_mail()));
        ground.pass(REMEMBERED);
        again = Some(ground.apply());
    }
    let again = again.unwrap();
    assert_eq!(again.status, ExitStatus::Done, "{}", again.said());
    judge::judge(&ground, fate.fault().as_ref());
}

/// Calls `work` for each of so many numbers, on all processors.
fn for_each(number: usize, work: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(2, |threads| threads.get());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    if place >= number {
                        break;
                    }
                    work(place);
                }
            });
        }
    });
}

/// What a run does to which nothing happens.
fn course(story: &Story) -> Course {
    let ground = Ground::new(story);
    let (ended, course) = ground.watch();
    assert_eq!(ended.status, ExitStatus::Done, "{}: {}", story.name, ended.said());
    judge::judge(&ground, None);
    course
}

/// Tries fates of stories, and tells of all that go wrong.
fn try_all(cases: &[(&Story, Fate)], pace: Pace) {
    let wrong = Mutex::new(Vec::new());
    for_each(cases.len(), |place| {
        let (story, fate) = &cases[place];
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| try_out(story, fate, pace))) {
            let said = panic.downcast_ref::<String>().map_or("", String::as_str);
            wrong.lock().unwrap().push(format!("{}, {fate:?}: {said}", story.name));
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn whatever_happens_to_a_plan_of_all_kinds_the_next_run_finishes_it() {
    let story = Story::of_all_kinds();
    let fates = fate::every(&course(&story));
    assert!(fates.len() > 500, "only {} were found", fates.len());
    try_all(&fates.into_iter().map(|fate| (&story, fate)).collect::<Vec<_>>(), Pace::Alone);
}

#[test]
fn whatever_happens_to_a_generated_plan_the_next_run_finishes_it() {
    let mut dice = fastrand::Rng::with_seed(5);
    let (mut left, mut of_short) = (cases(), cases() / 2);
    for story in Story::generated() {
        let course = course(&story);
        let fates = fate::every(&course);
        let is_short = course.writes.len() <= FEW_REQUESTS && of_short > 0;
        let number = if is_short { of_short } else { SOME }.min(left);
        let fates = dice.choose_multiple(fates, number);
        left -= fates.len();
        if is_short {
            of_short = of_short.saturating_sub(fates.len());
        }
        try_all(&fates.into_iter().map(|fate| (&story, fate)).collect::<Vec<_>>(), Pace::Alone);
        if left == 0 {
            break;
        }
    }
}

#[test]
fn requests_that_are_made_together_are_finished_as_well() {
    let mut dice = fastrand::Rng::with_seed(6);
    let mut left = cases() / 4;
    for story in Story::generated().map(Story::at_full_speed) {
        let fates = dice.choose_multiple(fate::every(&course(&story)), SOME.min(left));
        left -= fates.len();
        try_all(&fates.into_iter().map(|fate| (&story, fate)).collect::<Vec<_>>(), Pace::Together);
        if left == 0 {
            break;
        }
    }
}
