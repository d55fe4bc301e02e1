//! Numbers that look random and depend on nothing but the seed and the question.

/// What a number is drawn for. Each question has numbers of its own, so that asking one more thing alters nothing else.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Question {
    FirstName,
    LastName,
    HasName,
    OrgRole,
    Status,
    LastActive,
    Membership,
    Joined,
    Sorted,
    Reach,
    RoleCount,
    TeamRole,
    Grant,
    Ticket,
    MissingUser,
    MissingMembership,
    ExtraMembership,
    OtherTeamRole,
    OtherOrgRole,
    OtherGrant,
}

/// The source of numbers of one organization. It has no state: the same question has the same answer at any time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dice {
    pub(crate) seed: u64,
}

impl Dice {
    /// A number below `bound` for the `question` about `subject`, and its `part` where one is asked about several times.
    pub(crate) fn below(self, question: Question, subject: usize, part: usize, bound: usize) -> usize {
        let mut number = mix(self.seed ^ mix(question as u64 + 1));
        number = mix(number ^ subject as u64);
        number = mix(number ^ (part as u64).rotate_left(32));
        let scaled = (u128::from(number) * bound as u128) >> 64;
        usize::try_from(scaled).unwrap_or(0)
    }

    /// Whether something is so that is so for `percent` of all subjects.
    pub(crate) fn happens(self, question: Question, subject: usize, part: usize, percent: f64) -> bool {
        const FINENESS: usize = 1 << 24;
        (self.below(question, subject, part, FINENESS) as f64) < percent / 100.0 * FINENESS as f64
    }

    /// One of `choices`.
    pub(crate) fn choose<T: Copy>(self, question: Question, subject: usize, part: usize, choices: &[T]) -> T {
        choices[self.below(question, subject, part, choices.len())]
    }
}

/// The output function of SplitMix64 (Steele, Lea and Flood 2014): every bit of the input reaches every bit of the output.
fn mix(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
