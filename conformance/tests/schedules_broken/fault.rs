use std::sync::{Mutex, PoisonError};

/// What is wrong with a store of schedules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    ForgetsSettings,
    LetsRunsOverlap,
    KnowsUnknownSchedules,
    PutsAnew,
    KeepsOldDueTimes,
    AlwaysSaysNew,
    TakesOneTargetForAnother,
    ListsWithGaps,
    ListsEveryTarget,
    NeverRemoves,
    NeverPauses,
    MakesUpForPauses,
    IsFast,
    ShowsOnePage,
    NeverMoves,
    StaysWithoutJobs,
    PutsOneJobIn,
    ForgetsTheRest,
    MixesScopes,
    MakesNewIds,
    IgnoresRevisions,
}

static CURRENT: Mutex<Option<Fault>> = Mutex::new(None);

impl Fault {
    pub(crate) const ALL: [Self; 21] = [
        Self::ForgetsSettings,
        Self::LetsRunsOverlap,
        Self::KnowsUnknownSchedules,
        Self::PutsAnew,
        Self::KeepsOldDueTimes,
        Self::AlwaysSaysNew,
        Self::TakesOneTargetForAnother,
        Self::ListsWithGaps,
        Self::ListsEveryTarget,
        Self::NeverRemoves,
        Self::NeverPauses,
        Self::MakesUpForPauses,
        Self::IsFast,
        Self::ShowsOnePage,
        Self::NeverMoves,
        Self::StaysWithoutJobs,
        Self::PutsOneJobIn,
        Self::ForgetsTheRest,
        Self::MixesScopes,
        Self::MakesNewIds,
        Self::IgnoresRevisions,
    ];

    pub(crate) fn set(fault: Option<Self>) {
        *CURRENT.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    pub(crate) fn current() -> Option<Self> {
        *CURRENT.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
