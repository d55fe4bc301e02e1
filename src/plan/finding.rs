//! What guards find, as it is told.

use crate::source::Span;

/// What a guard found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardFinding {
    /// The guard.
    pub code: GuardCode,
    /// What it does to the plan.
    pub effect: GuardEffect,
    /// What, how many of how many, and the way on.
    pub message: String,
    /// Where the configuration speaks of it.
    pub place: Option<Span>,
    /// How many changes it holds; what depends on them is held too and not counted.
    pub held: usize,
    /// The first of those whom or what it is about, owners and admins before all others.
    pub examples: Vec<String>,
}

impl GuardFinding {
    /// Whether it refuses what is declared: it blocks the plan, or lets through only what is blocked or over.
    pub fn refuses(&self) -> bool {
        match self.effect {
            GuardEffect::Block => true,
            GuardEffect::Hold => !GuardCode::MERELY_HOLD.contains(&self.code),
            GuardEffect::Warn => false,
        }
    }

    /// A finding about nothing in particular, that holds nothing.
    pub fn new(code: GuardCode, effect: GuardEffect, message: String) -> Self {
        Self { code, effect, message, place: None, held: 0, examples: Vec::new() }
    }
}

macro_rules! guards {
    ($($(#[doc = $doc:literal])* $variant:ident = $name:literal,)*) => {
        /// A guard by its stable name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum GuardCode {
            $($(#[doc = $doc])* $variant,)*
        }

        impl GuardCode {
            /// Every guard.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The stable name.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }
        }
    };
}

guards! {
    /// What is declared breaks a rule of the organization.
    Policy = "policy",
    /// A live side that has less than half of what it had.
    LiveShrank = "live_shrank",
    /// Nobody would be left.
    EmptiesOrganization = "empties_organization",
    /// Enough active owners at every moment.
    MinOwners = "min_owners",
    /// Nothing is taken from users whom the configuration protects.
    Protected = "protected",
    /// Nothing is taken from the account that acts.
    OwnAccount = "own_account",
    /// Nobody gives or takes more than they have.
    Authority = "authority",
    /// Not too many removals at once.
    MaxRemovals = "max_removals",
    /// Not too many invitations at once.
    MaxInvites = "max_invites",
    /// What cannot be done without somebody having more meanwhile is told, and done as a whole or not at all.
    Circle = "circle",
    /// Roles of teams stay as they are where people would gain or lose by them who were not read.
    UnreadMembers = "unread_members",
}

impl GuardCode {
    /// The guards that hold what is too much at once, or cannot be done as it should: all others refuse what is declared
    /// when they hold anything.
    pub const MERELY_HOLD: [Self; 4] = [Self::Circle, Self::MaxRemovals, Self::MaxInvites, Self::UnreadMembers];
}

/// What a guard does to a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GuardEffect {
    /// Nothing is applied.
    Block,
    /// Some changes are not done; the rest is.
    Hold,
    /// The plan goes on; somebody should look.
    Warn,
}
