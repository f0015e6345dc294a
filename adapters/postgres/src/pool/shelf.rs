use tenantry::ports::ScopeName;

/// Clean connections that nobody uses, which remember whom they served last.
///
/// The same tenant again finds its path set and its statements planned, so it gets its own connection back if it can.
#[derive(Debug)]
pub(super) struct Shelf<T> {
    /// The one that waits longest comes first.
    places: Vec<Place<T>>,
}

#[derive(Debug)]
pub(super) struct Place<T> {
    pub(super) item: T,
    pub(super) last: Option<ScopeName>,
    /// It has served so many tenants that it takes no other.
    pub(super) full: bool,
}

impl<T> Shelf<T> {
    pub(super) fn new() -> Self {
        Self { places: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    pub(super) fn put(&mut self, place: Place<T>) {
        self.places.push(place);
    }

    /// The one that served `who` last, and was put here last.
    pub(super) fn take_same(&mut self, who: ScopeName) -> Option<T> {
        let at = self.places.iter().rposition(|p| p.last == Some(who))?;
        Some(self.places.remove(at).item)
    }

    /// The one that waits longest, rather one that can take another tenant.
    pub(super) fn take_oldest(&mut self) -> Option<Place<T>> {
        let at = self.places.iter().position(|place| !place.full).or(
            // A full one is better than none: its place in the pool is free once it is closed.
            (!self.places.is_empty()).then_some(0),
        )?;
        Some(self.places.remove(at))
    }

    pub(super) fn take_all(&mut self) -> Vec<T> {
        self.places.drain(..).map(|place| place.item).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(number: u8) -> ScopeName {
        let id = format!("01890a5d-ac96-774b-bcce-b302099a80{number:02}");
        ScopeName::Tenant(id.parse().expect("an id"))
    }

    fn shelf(places: &[(u8, bool)]) -> Shelf<usize> {
        let mut shelf = Shelf::new();
        for (item, (last, full)) in places.iter().enumerate() {
            let (last, full) = (Some(tenant(*last)), *full);
            shelf.put(Place { item, last, full });
        }
        shelf
    }

    #[test]
    fn a_tenant_gets_its_own_connection_back_and_the_one_last_used() {
        let mut shelf = shelf(&[(1, false), (2, false), (1, true)]);
        assert_eq!(shelf.take_same(tenant(1)), Some(2));
        assert_eq!(shelf.take_same(tenant(1)), Some(0));
        assert_eq!(shelf.take_same(tenant(1)), None);
        assert_eq!(shelf.len(), 1);
    }

    #[test]
    fn another_tenant_gets_the_one_that_waits_longest_and_isn_t_full() {
        let mut shelf = shelf(&[(1, true), (2, false), (3, false)]);
        let taken = |place: Option<Place<usize>>| place.map(|place| (place.item, place.full));
        assert_eq!(taken(shelf.take_oldest()), Some((1, false)));
        assert_eq!(taken(shelf.take_oldest()), Some((2, false)));
        assert_eq!(taken(shelf.take_oldest()), Some((0, true)));
        assert_eq!(taken(shelf.take_oldest()), None);
    }
}
