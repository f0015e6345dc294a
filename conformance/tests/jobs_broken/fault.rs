use std::sync::{Mutex, PoisonError};

/// What is wrong with a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    ForgetsTheTrace,
    WritesPayloadsAnew,
    TakesAnIdTwice,
    TakesAnothersIdForItsOwn,
    ForgetsUniqueKeys,
    MixesUniqueKeysOfScopes,
    NeverFreesUniqueKeys,
    TakesTenantsForShared,
    TakesSharedForATenants,
    IgnoresPriorities,
    LastInFirstOut,
    IgnoresDueTimes,
    HandsOutAnyKind,
    LosesWhatNobodyHandles,
    HandsOutTwice,
    NeverTakesBack,
    GivesEachTheSameToken,
    RefusesWhatIsLate,
    NeverExtends,
    CompletesAgain,
    TriesForEver,
    DropsOutputs,
    RetriesAtOnce,
    BurnsWhatIsGivenBack,
    LetsOneJobWaitForItsScope,
    NeverBuries,
    NeverPutsBack,
    NeverMakesDue,
    NeverCancels,
    ListsWithGaps,
    ListsEverything,
    CountsEverything,
    PrunesTooMuch,
    PrunesDeadLetters,
    PrunesEveryScope,
    HasOneLaneForAll,
    IgnoresShares,
}

static CURRENT: Mutex<Option<Fault>> = Mutex::new(None);

impl Fault {
    pub(crate) const ALL: [Self; 37] = [
        Self::ForgetsTheTrace,
        Self::WritesPayloadsAnew,
        Self::TakesAnIdTwice,
        Self::TakesAnothersIdForItsOwn,
        Self::ForgetsUniqueKeys,
        Self::MixesUniqueKeysOfScopes,
        Self::NeverFreesUniqueKeys,
        Self::TakesTenantsForShared,
        Self::TakesSharedForATenants,
        Self::IgnoresPriorities,
        Self::LastInFirstOut,
        Self::IgnoresDueTimes,
        Self::HandsOutAnyKind,
        Self::LosesWhatNobodyHandles,
        Self::HandsOutTwice,
        Self::NeverTakesBack,
        Self::GivesEachTheSameToken,
        Self::RefusesWhatIsLate,
        Self::NeverExtends,
        Self::CompletesAgain,
        Self::TriesForEver,
        Self::DropsOutputs,
        Self::RetriesAtOnce,
        Self::BurnsWhatIsGivenBack,
        Self::LetsOneJobWaitForItsScope,
        Self::NeverBuries,
        Self::NeverPutsBack,
        Self::NeverMakesDue,
        Self::NeverCancels,
        Self::ListsWithGaps,
        Self::ListsEverything,
        Self::CountsEverything,
        Self::PrunesTooMuch,
        Self::PrunesDeadLetters,
        Self::PrunesEveryScope,
        Self::HasOneLaneForAll,
        Self::IgnoresShares,
    ];

    pub(crate) fn set(fault: Option<Self>) {
        *CURRENT.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    pub(crate) fn current() -> Option<Self> {
        *CURRENT.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
