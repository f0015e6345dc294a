use std::sync::atomic::{AtomicUsize, Ordering};

macro_rules! faults {
    ($($(#[$doc:meta])* $fault:ident,)*) => {
        /// What is wrong with an adapter, one thing at a time.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Fault {
            $($(#[$doc])* $fault,)*
        }

        impl Fault {
            pub(crate) const ALL: &[Self] = &[$(Self::$fault,)*];
        }
    };
}

faults! {
    // Names
    /// A stranger's text is made to fit, not refused.
    DoorRepairs,
    /// Names are cut to 20 bytes.
    NamesAreCut,
    /// `a-b` and `ab` share a schema.
    HyphensAreDropped,

    // Records
    /// Nothing is stored.
    InsertForgets,
    /// A taken slug is given again.
    SlugIsGivenTwice,
    /// A taken id is overwritten.
    IdIsGivenTwice,
    /// A refused insert has replaced the record all the same.
    RefusedInsertReplaces,
    /// Nobody in particular is found for an unknown key.
    FindsAnybody,
    /// What isn't there is a failure without a type.
    NotFoundHasNoType,
    /// Names are stored as ASCII.
    NamesLoseLetters,
    /// Empty settings are dropped.
    SettingsLoseNulls,
    /// Times are stored in milliseconds.
    TimesLoseDigits,
    /// The expected version isn't looked at.
    StaleIsAccepted,
    /// A record is read from a cache that isn't told of changes.
    ReadsAreCached,
    /// An update says `Ok` and stores nothing.
    UpdateForgets,
    /// The name is written once and for all.
    NameIsStoredOnce,
    /// The settings are written once and for all.
    SettingsAreStoredOnce,
    /// The version is written once and for all.
    VersionIsStoredOnce,
    /// A suspension says `Ok` and stores nothing.
    SuspensionForgets,
    /// A deletion says `Ok` and stores nothing.
    DeletionForgets,
    /// A tenant that became ready is stored as a suspended one.
    ReadyIsSuspended,
    /// An update of nobody is an insert.
    UpdateInserts,
    /// An update writes every column.
    UpdateMoves,
    /// A removal says `Ok` and removes nothing.
    RemoveForgets,
    /// A removal of nobody says `Ok`.
    RemovesNobody,

    // Listing
    /// Each page after the first skips a tenant.
    PageSkipsOne,
    /// The last page says that there is another.
    PageAlwaysHasNext,
    /// The order is that of the slugs.
    ListsBySlug,
    /// A page begins after as many tenants as were shown.
    PagesCount,
    /// Statuses aren't looked at.
    StatusIsIgnored,
    /// Only the first status is looked at.
    OneStatusOnly,
    /// Only slugs are searched.
    SearchesSlugs,
    /// Only names are searched.
    SearchesNames,
    /// `Acme` isn't found by `acme`.
    SearchesExactly,
    /// The search is a `LIKE` pattern.
    SearchesByLike,
    /// The search is a glob.
    SearchesByGlob,
    /// `É` is found by `é`.
    SearchesEveryCase,

    // Provisioning
    /// The migrations that were run aren't named.
    MigrationsAreUnnamed,
    /// A failed migration is a failure without a type.
    FailureHasNoType,
    /// A failed migration leaves a schema behind.
    FailureLeavesSchema,
    /// A failed migration leaves a table in the shared schema.
    FailureReachesShared,
    /// The tenant is active before its migrations are run.
    ReadyTooEarly,
    /// A schema that is gone looks fine.
    InspectIsConfident,
    /// Looking at a schema makes it.
    InspectCreates,
    /// Looking at a schema doesn't know whose it is.
    InspectForgetsMark,
    /// A tenant has a table too many.
    StrayTable,
    /// The tenant tables are made in the shared schema, too.
    CreatesInShared,
    /// There is one ledger.
    LedgerIsShared,
    /// A schema that is there is made anew.
    CreatesAnew,
    /// Whoever comes second says that it made the schema.
    CreateBoasts,
    /// A creation that is dropped leaves half a schema.
    CreateInHalves,
    /// Every migration is run every time.
    MigratesAgain,
    /// A migration rebuilds the schema.
    MigrateRebuilds,
    /// A failed migration stays half-done.
    MigrateLeavesHalf,
    /// A missing schema is made by migrating it.
    MigrateCreates,
    /// Another's schema is taken over.
    AdoptsAnything,
    /// A suspension empties the schema.
    SuspensionEmpties,
    /// A removal leaves the schema for the next tenant to find.
    RemoveKeepsRows,
    /// A removal doesn't look at the mark.
    RemoveIgnoresMark,
    /// A removal fails on what isn't there.
    RemoveWantsSomething,
    /// A removal takes every schema whose name begins so.
    RemovesByPrefix,
    /// A removal doesn't wait for readers.
    RemoveForces,
    /// The listing shows no marks.
    ListForgetsMarks,

    // Fleet
    /// Every schema is behind.
    BehindIsEverybody,
    /// No schema is behind.
    BehindIsNobody,
    /// Only what lacks migrations is behind.
    BehindIsOursAlone,
    /// Looking who is behind migrates them.
    BehindMigrates,
    /// A migration that didn't get its lock says that it is done.
    BusyIsDone,
    /// A migration that didn't get its lock stays in the queue, and everybody behind it.
    BusyStaysQueued,

    // Scope
    /// The path is set once for each connection.
    PathIsSetOnce,
    /// After five scopes, the path of the next is kept.
    PathSticksAfterFive,
    /// A session scope leaves its path behind.
    SessionKeepsPath,
    /// The shared scope leaves its path behind.
    SharedKeepsPath,
    /// An update of all rows is one of everybody's rows.
    UpdateReachesAll,
    /// A deletion of all rows is one of everybody's rows.
    DeletionReachesAll,
    /// What isn't committed yet is read by others.
    UncommittedIsSeen,
    /// A table that isn't there is looked for in the shared schema.
    SharedIsOnThePath,
    /// All tenants draw from one sequence.
    OneSequence,
    /// Views, functions and types are those of the connection's first tenant.
    PlansAreKept,
    /// A savepoint isn't rolled back.
    SavepointKeeps,
    /// A session scope is a transaction.
    SessionIsTransaction,
    /// What went well isn't committed.
    CommitForgets,
    /// Of several rows, the first is kept.
    OneRowIsKept,
    /// Work that swallowed an error is rolled back without a word.
    SwallowedErrorForgets,
    /// What failed is committed.
    FailureCommits,
    /// The work's own error is replaced.
    ErrorsAreReplaced,
    /// A panic becomes an error.
    PanicIsSwallowed,
    /// After a failure or a panic, the connection stays in its tenant.
    FailureKeepsPath,
    /// After a failure or a panic, the connection isn't given back.
    FailureKeepsConnection,
    /// A future does its work before it is polled.
    FutureIsEager,
    /// What a future did isn't committed.
    FutureForgets,
    /// The work of a dropped future is committed.
    FutureIsDetached,
    /// A switch inside a scope stays in the outer tenant.
    SwitchStays,
    /// No scope nests.
    NothingNests,
    /// Without a schema, work goes to the shared one.
    MissingFallsBack,
    /// A missing schema is a failure without a type.
    MissingHasNoType,
    /// The mark isn't looked at.
    MarkIsIgnored,
    /// A removal doesn't wait for open scopes, whose rows go to whoever has the schema's name next.
    RowsFollowTheName,
    /// Connections aren't cleaned.
    NothingIsCleaned,
    /// Connections are never used again.
    NothingIsReused,
    /// Connections are never replaced.
    NothingIsRecycled,
    /// There is no limit on connections.
    PoolIsEndless,
    /// One tenant may take every connection.
    TenantTakesAll,
    /// A lost server is a failure that is never to be tried again.
    LossIsFinal,
    /// Session scopes are let through a pooler.
    PoolerTakesSessions,
    /// Everything can be done, and nothing is claimed.
    NothingIsClaimed,
}

/// 0 for none, or one more than the fault's number: what worlds that begin now are made with.
static CURRENT: AtomicUsize = AtomicUsize::new(0);

impl Fault {
    pub(crate) fn current() -> Option<Self> {
        let number = CURRENT.load(Ordering::SeqCst);
        number.checked_sub(1).map(|number| Self::ALL[number])
    }

    /// Worlds that begin while `work` runs have this fault.
    pub(crate) fn during<T>(fault: Option<Self>, work: impl FnOnce() -> T) -> T {
        let number = fault.map_or(0, |fault| fault as usize + 1);
        CURRENT.store(number, Ordering::SeqCst);
        let answer = work();
        CURRENT.store(0, Ordering::SeqCst);
        answer
    }
}
