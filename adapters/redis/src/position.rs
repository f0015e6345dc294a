use tenantry::cache::{CacheError, ScanCursor};

/// How far a scan has come: the cursor of a server, and on a cluster which node's it is. The default is the beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) node: Option<String>,
    pub(crate) cursor: u64,
}

/// What one step of a scan found.
pub(crate) struct Step {
    pub(crate) found: Vec<String>,
    /// Where the next step begins, unless this was the last.
    pub(crate) next: Option<Position>,
    /// The scan has begun anew: what was found before is found again, as far as it is there.
    pub(crate) anew: bool,
}

impl Position {
    pub(crate) fn read(cursor: Option<&ScanCursor>) -> Result<Self, CacheError> {
        let Some(cursor) = cursor else {
            return Ok(Self::default());
        };
        let (node, number) = match cursor.as_str().rsplit_once('/') {
            Some((node, number)) => (Some(node.to_owned()), number),
            None => (None, cursor.as_str()),
        };
        let cursor = number.parse().map_err(|error| CacheError::Failed {
            source: Box::new(error),
        })?;
        Ok(Self { node, cursor })
    }

    pub(crate) fn write(&self) -> ScanCursor {
        ScanCursor::new(match &self.node {
            Some(node) => format!("{node}/{}", self.cursor),
            None => self.cursor.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_read_as_it_was_written() {
        for node in [None, Some("10.0.0.1:6379"), Some("::1:6379"), Some("a/b:1")] {
            let node = node.map(str::to_owned);
            let position = Position {
                node,
                cursor: u64::MAX,
            };
            assert_eq!(Position::read(Some(&position.write())).unwrap(), position);
        }
        assert_eq!(Position::read(None).unwrap(), Position::default());
        for strange in ["", "x", "node/", "-1"] {
            let refused = Position::read(Some(&ScanCursor::new(strange)));
            assert!(
                matches!(refused, Err(CacheError::Failed { .. })),
                "{strange}"
            );
        }
    }
}
