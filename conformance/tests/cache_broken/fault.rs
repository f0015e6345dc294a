/// What is wrong with a cache.
macro_rules! faults {
    ($($fault:ident,)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Fault {
            $($fault,)*
        }

        impl Fault {
            pub(crate) const ALL: &[Self] = &[$(Self::$fault,)*];
        }
    };
}

faults! {
    AbsentReadsEmpty,
    ValuesAreText,
    FirstValueStays,
    DeletingAlwaysFinds,
    ProcessesKeepTheirOwn,
    KeysHaveNoCase,
    EscapesAreUndone,
    EverythingExpires,
    RemainingTimeStandsStill,
    NothingExpires,
    ExpiredAreRevived,
    SettingKeepsTheExpiry,
    ExpiriesStayAsTheyWere,
    DecrementsAdd,
    CountersWrap,
    AnythingIsANumber,
    CountersRace,
    CountingDropsTheExpiry,
    SetIfAbsentOverwrites,
    SetIfAbsentRaces,
    SwapIgnoresTheExpected,
    SwapDropsTheExpiry,
    SwapRaces,
    ManyValuesAreThoseFound,
    ManyIgnoreTheExpiry,
    FirstOfManyCounts,
    ManyDeletionsAreMiscounted,
    ManyAreWrittenOneByOne,
    DotsMatchAnything,
    StarsAreSkipped,
    ScansEndEarly,
    StepsAreUnbounded,
    ChangesUpsetScans,
    OwnersShareKeys,
    DeletingManyFlushes,
    UsageIsOfEverybody,
    FlushReachesEverybody,
    FlushIgnoresNamespaces,
    FlushIsOneStep,
    GenerationsAreIgnored,
    NamespacesHaveNoGenerations,
    GenerationsAreOfAll,
    ChangesKeepTheGeneration,
    CurrentValuesAreLost,
    BudgetsAreIgnored,
    BudgetsCountValuesOnly,
    SpentBudgetsRefuseAll,
    BudgetsCountWhatExpired,
    OnlySetKeepsToBudgets,
    ManyAreWrittenUntilSpent,
    BudgetsAreOfAll,
    FlushesKeepTheBudget,
    BudgetsRace,
    AwayIsAFailure,
    AwayIsAbsence,
    SilenceIsAbsence,
    FullStoresForget,
}
