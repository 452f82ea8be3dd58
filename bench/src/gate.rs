//! The gate of correctness: what was acknowledged against what is there. One difference voids a run.

/// Acts that were answered well, and what the data says of them afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    /// Writes that were acknowledged.
    pub written: u64,
    /// Reads that were answered with their value.
    pub read: u64,
    /// Records there are more than at the start.
    pub records: u64,
    /// Leaves there are more than at the start.
    pub leaves: u64,
}

impl Account {
    /// That nothing is missing and nothing too much: a record for each write, a leaf for each act.
    ///
    /// # Errors
    /// What does not agree.
    pub fn holds(&self) -> Result<(), String> {
        let Self { written, read, records, leaves } = *self;
        if records != written {
            return Err(format!("{written} writes were acknowledged, {records} are there"));
        }
        if leaves != written + read {
            return Err(format!("{written} writes and {read} reads were answered, {leaves} leaves tell of them"));
        }
        Ok(())
    }
}

/// That a rival kept what it acknowledged: as many rows, each with a value of its own.
///
/// # Errors
/// What does not agree.
pub fn kept(who: &str, acknowledged: u64, rows: u64, values: u64) -> Result<(), String> {
    if rows == acknowledged && values == acknowledged {
        return Ok(());
    }
    Err(format!("{who} acknowledged {acknowledged} writes and holds {rows} with {values} different values"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_missing_or_additional_row_or_leaf_voids_a_run() {
        let right = Account { written: 5, read: 7, records: 5, leaves: 12 };
        assert_eq!(right.holds(), Ok(()));
        for wrong in [
            Account { records: 4, ..right },
            Account { records: 6, ..right },
            Account { leaves: 11, ..right },
            Account { leaves: 13, ..right },
            Account { written: 6, records: 6, ..right },
        ] {
            assert!(wrong.holds().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_rival_that_loses_or_repeats_a_value_voids_a_run() {
        assert_eq!(kept("x", 3, 3, 3), Ok(()));
        assert!(kept("x", 3, 2, 2).is_err());
        assert!(kept("x", 3, 3, 2).is_err());
    }
}
