//! What is wrong with the input, said all at once.
//!
//! Wrong input is not an `Error`: it is a list of [`Diagnostic`]s, each with a stable code, a place and what to do.
//! This module only holds them; `render` shows them.

mod explanation;

pub use explanation::Explanation;

use crate::source::Span;

/// How grave a [`Diagnostic`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The input is refused.
    Error,
    /// The input is accepted; somebody should look.
    Warning,
}

/// A range of text with what is to be said of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Label {
    /// The text marked.
    pub span: Span,
    /// What is said of it; may be empty for the main label.
    pub text: String,
}

/// Where a diagnostic belongs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A text in a file that was read. The first label is what is wrong; the others are places that explain it.
    Text {
        /// What is wrong.
        main: Label,
        /// The other places: where a duplicate was said first, where a name is declared.
        others: Vec<Label>,
    },
    /// A file or folder as a whole, by its path.
    Path(String),
    /// One organization as a whole, by its key or id.
    Organization(String),
}

/// One finding about the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its stable code.
    pub code: Code,
    /// One sentence, lower case, no final period, names in backticks. May hold text of strangers: it is made visible
    /// when it is rendered.
    pub message: String,
    /// Where.
    pub place: Place,
    /// Further facts, each a sentence.
    pub notes: Vec<String>,
    /// What to do, each a sentence; "did you mean" goes here.
    pub helps: Vec<String>,
    /// Of the last of many findings of a kind after which no more were kept: how many were.
    pub cut_at: Option<usize>,
}

impl Diagnostic {
    /// A finding at `span`, marked with `label`.
    pub fn at(code: Code, span: Span, message: impl Into<String>, label: impl Into<String>) -> Self {
        let main = Label { span, text: label.into() };
        Self {
            code,
            message: message.into(),
            place: Place::Text { main, others: Vec::new() },
            notes: Vec::new(),
            helps: Vec::new(),
            cut_at: None,
        }
    }

    /// A finding about the file or folder at `path`.
    pub fn of_path(code: Code, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            place: Place::Path(path.into()),
            notes: Vec::new(),
            helps: Vec::new(),
            cut_at: None,
        }
    }

    /// A finding about an organization as a whole.
    pub fn of_organization(code: Code, org: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            place: Place::Organization(org.into()),
            notes: Vec::new(),
            helps: Vec::new(),
            cut_at: None,
        }
    }

    /// Adds another place that explains the finding; it needs a main place in a text.
    #[must_use]
    pub fn also(mut self, span: Span, text: impl Into<String>) -> Self {
        if let Place::Text { others, .. } = &mut self.place {
            others.push(Label { span, text: text.into() });
        }
        self
    }

    /// Adds a further fact.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// Adds what to do.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.helps.push(text.into());
        self
    }

    /// How grave it is: a fact of its code.
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }
}

/// Puts findings in the order in which they are shown: by place, then by code and words; equal ones become one.
pub fn sort(findings: &mut Vec<Diagnostic>) {
    findings.sort_by(|a, b| (&a.place, a.code, &a.message).cmp(&(&b.place, b.code, &b.message)));
    findings.dedup();
}

/// How many findings of a kind were kept where there were more, the largest such number; `None` where all were.
pub(crate) fn cut_at(findings: &[Diagnostic], severity: Severity) -> Option<usize> {
    findings.iter().filter(|finding| finding.severity() == severity).filter_map(|finding| finding.cut_at).max()
}

/// Whether any of `findings` is an error.
pub fn has_errors(findings: &[Diagnostic]) -> bool {
    findings.iter().any(|finding| finding.severity() == Severity::Error)
}

/// Collects findings, up to a limit: a large file in which everything is wrong must not take all memory.
#[derive(Debug)]
pub(crate) struct Findings {
    kept: Vec<Diagnostic>,
    limit: usize,
    count: usize,
}

impl Findings {
    /// A collector that keeps the first `limit` findings and counts the rest.
    pub(crate) fn new(limit: usize) -> Self {
        Self { kept: Vec::new(), limit, count: 0 }
    }

    /// Takes a finding; what is returned may be added to.
    pub(crate) fn push(&mut self, finding: Diagnostic) -> &mut Diagnostic {
        self.count += 1;
        // One more than the limit is held, so that there is always something to return.
        self.kept.truncate(self.limit);
        self.kept.push(finding);
        let last = self.kept.len() - 1;
        &mut self.kept[last]
    }

    /// How many findings were taken.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Whether some finding was not kept.
    pub(crate) fn is_over(&self) -> bool {
        self.count > self.limit
    }

    /// Where the kept findings with one of `codes` are.
    pub(crate) fn places(&self, codes: &[Code]) -> impl Iterator<Item = Span> {
        self.kept.iter().filter(|finding| codes.contains(&finding.code)).filter_map(|finding| match &finding.place {
            Place::Text { main, others: _ } => Some(main.span),
            Place::Path(_) | Place::Organization(_) => None,
        })
    }

    /// The findings; the last one says so when there are more.
    pub(crate) fn into_vec(mut self) -> Vec<Diagnostic> {
        self.kept.truncate(self.limit);
        if let Some(last) = self.kept.last_mut()
            && self.count > self.limit
        {
            last.notes.push(format!("only the first {} problems are shown; there are more", self.limit));
            last.cut_at = Some(self.limit);
        }
        self.kept
    }
}

macro_rules! codes {
    ($($(#[$meta:meta])* $variant:ident = $text:literal, $title:literal;)*) => {
        /// The stable code of a finding; `docs/errors.md` explains each with a wrong and a right example.
        ///
        /// `E00` files, `E01` YAML, `E02` shape, `E03` values, `E04` names that are not declared, `E05` contradictions,
        /// `E06` not in force, `E07` against the live side, `E09` and `W09` the organization's policy; `W` warnings, `W10`
        /// remarks that can be switched off.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[$meta])* #[doc = $title] $variant,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The code as it is shown, such as `E0107`.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }

            /// What the code is about, in a few words.
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),* }
            }

            /// Whether it is a remark that a configuration can switch off.
            pub fn is_lint(self) -> bool {
                self.as_str().starts_with("W10")
            }

            /// Errors start with `E`, warnings with `W`.
            pub fn severity(self) -> Severity {
                if self.as_str().starts_with('E') { Severity::Error } else { Severity::Warning }
            }
        }
    };
}

codes! {
    PathMissing = "E0001", "a path does not exist";
    Unreadable = "E0002", "a file or folder cannot be read";
    NoYaml = "E0003", "a folder holds no YAML";
    NotUtf8 = "E0004", "a file is not UTF-8";
    NulByte = "E0005", "a file holds NUL bytes";
    TooLarge = "E0006", "a file or the whole run is too large";
    LinkLeaves = "E0007", "a symbolic link leads out of the loaded folder";
    NotAFile = "E0008", "something called like YAML is not a file";
    PathLeaves = "E0009", "a path in a document leads out of the loaded folder";
    NoFile = "E0010", "a path in a document leads to no file";
    Syntax = "E0101", "the YAML is not valid";
    TooDeep = "E0102", "lists and mappings are nested too deeply";
    DuplicateKey = "E0103", "a key is written twice";
    BadKey = "E0104", "a key is not text";
    Tag = "E0105", "a YAML tag has no meaning here";
    MergeKey = "E0106", "a YAML merge key has no meaning here";
    UnknownAnchor = "E0107", "an alias refers to nothing";
    AliasCycle = "E0108", "an alias refers to what it is part of";
    AliasBudget = "E0109", "aliases stand for too much";
    Tab = "E0110", "a tab is used where YAML wants spaces";
    Directive = "E0111", "a YAML directive has no meaning here";
    EmptyDocument = "E0201", "a document is empty";
    NoValue = "E0202", "a key or a list entry has no value";
    WrongShape = "E0203", "a value has another shape than expected";
    UnknownKey = "E0204", "a key is not known here";
    MissingKey = "E0205", "a key is missing";
    WrongVersion = "E0206", "the version of the language is not supported";
    EmptyText = "E0207", "a text is empty";
    StraySavedState = "E0208", "a saved live state is among the configuration";
    BadEmail = "E0301", "a text is no e-mail address";
    BadId = "E0302", "a value is no id";
    UnknownOrgRole = "E0303", "an org role does not exist";
    UnknownWord = "E0304", "a word is not one of those expected";
    BadName = "E0305", "a short name has a form that is not allowed";
    BadTimeZone = "E0306", "a time zone does not exist";
    BadDomain = "E0307", "a text is no domain";
    BadDate = "E0308", "a text is no date or time";
    BadNumber = "E0309", "a value is no fitting number";
    BadAddress = "E0310", "an address cannot be used";
    BuiltInRoleName = "E0311", "a custom role is called like a built-in role";
    BadRequestForm = "E0312", "the form of a request cannot be used";
    UnknownOrganization = "E0401", "an organization is not defined";
    UnknownUser = "E0402", "an e-mail is not declared under `users`";
    UnknownProject = "E0403", "a project is not declared";
    UnknownGroup = "E0404", "a project group is not declared";
    UnknownRole = "E0405", "a project role does not exist";
    UnknownTeam = "E0406", "a team is not declared";
    UnknownEnvironment = "E0407", "no project has the environment";
    OrganizationTwice = "E0501", "an organization is defined twice";
    UserTwice = "E0502", "a user is declared twice";
    ProjectTwice = "E0503", "a project is declared twice";
    ProjectGroupTwice = "E0504", "a project group says something twice";
    TeamTwice = "E0505", "a team is declared twice";
    MemberTwice = "E0506", "a member is listed twice";
    TeamRoleTwice = "E0507", "the role of a team on a project is said twice";
    GrantTwice = "E0508", "the grant of a user on a project is said twice";
    RoleTwice = "E0509", "a custom role is named twice";
    DeclaredAndIgnored = "E0510", "something is both declared and ignored";
    PreviousName = "E0511", "a previous name contradicts something else";
    NoUsers = "E0512", "`users` is managed but declares nobody";
    StateTwice = "E0513", "two organizations have the same store";
    GroupBudget = "E0514", "project groups stand for too many facts";
    EmptyWindow = "E0515", "something ends before it begins";
    BlockedTwice = "E0516", "a user is blocked twice";
    ProtectedTwice = "E0517", "a user is protected twice";
    ScimManagedTeam = "E0518", "a team that an identity provider looks after states its members";
    ScimDomains = "E0519", "the domains of SCIM are none, or one is named twice";
    BackendTwice = "E0520", "a backend says something twice";
    RuleTwice = "E0521", "the policy says something twice";
    RuleEffect = "E0522", "a policy rule has no effect, or contradicts itself";
    RuleNeverFits = "E0523", "a policy rule can never apply";
    AcceptanceTwice = "E0524", "a difference is accepted twice";
    AcceptanceUnclear = "E0525", "an acceptance does not say what it accepts";
    NotInForce = "E0601", "something is not in force yet";
    Secret = "E0602", "a secret does not belong in the configuration";
    LiveProjectMissing = "E0701", "a declared project is not in the organization";
    LiveRoleMissing = "E0702", "a custom role is not defined on the live project";
    LiveUserMissing = "E0703", "an e-mail is no user of the organization";
    LiveOrganization = "E0704", "the live side is another organization";
    LiveProjectIgnored = "E0705", "a declared project is ignored by its live name";
    LivePartUnread = "E0706", "a managed part of the live side was not read";
    PolicyDenied = "E0901", "access that the policy does not allow";
    PolicyRequires = "E0902", "access lacks what the policy requires";
    PolicyTooLong = "E0903", "access lasts longer than the policy allows";
    PolicyTooStrong = "E0904", "a role is stronger than the policy allows";
    PolicyApprovers = "E0905", "access has fewer approvers than the policy wants";
    PolicyUnranked = "E0906", "the policy cannot judge a custom role without a rank";
    ProjectNameDiffers = "W0801", "a project has another name on the live side";
    BlockedUnknown = "W0802", "a blocked address is no user, but nearly one";
    LiveTeamAwaited = "W0803", "a team of an identity provider is not there yet";
    BlockedUnread = "W0804", "a blocked user is in no list that was read";
    AcceptanceOver = "W0805", "an acceptance of a difference is over";
    AcceptanceUnused = "W0806", "an acceptance fits no difference";
    PolicyDeniedWarning = "W0901", "access that the policy advises against";
    PolicyRequiresWarning = "W0902", "access lacks what the policy advises";
    PolicyTooLongWarning = "W0903", "access lasts longer than the policy advises";
    PolicyTooStrongWarning = "W0904", "a role is stronger than the policy advises";
    PolicyApproversWarning = "W0905", "access has fewer approvers than the policy advises";
    PolicyUnrankedWarning = "W0906", "the policy cannot weigh a custom role without a rank";
    PolicyPattern = "W0907", "a pattern of the policy fits nothing";
    ExceptionOver = "W0908", "an exception of the policy is over";
    RuleNotJudged = "W0909", "a policy rule cannot be judged without the live side";
    UncountedApprover = "W0910", "an approver or sponsor does not count";
    UserWithoutAccess = "W1001", "a user has no access at all";
    EmptyTeam = "W1002", "a team has no members or no roles";
    GrantOfTeam = "W1003", "a team gives what a grant gives";
    GrantOfAllMembers = "W1004", "every member of a team has the same grant";
    RoleOfEveryone = "W1005", "everyone has the role anyway";
    FewOwners = "W1006", "the organization has fewer than two owners";
    ExternalWithoutEnd = "W1007", "an external user has no end";
    OwnerByTeam = "W1008", "a team makes its members owners of a project";
    UnusedProjectGroup = "W1009", "a project group is not used";
    ApprovesOwnAccess = "W1010", "somebody approves their own access";
    AdminGrantWithoutEnd = "W1011", "a grant of admin or owner has no end";
    ProtectedUserEnds = "W1012", "a protected user has an end";
    EnvironmentsAlike = "W1013", "two environments are called nearly the same";
}
