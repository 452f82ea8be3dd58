//! The disk probe: what a durable write costs on this disk, before and after a run.

use std::fs::File;
use std::io::{Result, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use crate::figures::{percentile, timed};

/// Writes of each size in one probe.
const WRITES: usize = 200;
/// How far the probe may move between begin and end before a run says nothing.
const DRIFT: f64 = 0.25;

/// Medians of write + fdatasync, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probe {
    /// Of 512 bytes.
    pub small: u64,
    /// Of 64 KiB.
    pub large: u64,
}

impl Probe {
    /// Probes the disk that holds `folder`.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn of(folder: &Path) -> Result<Self> {
        let path = folder.join("probe");
        let mut file = File::create(&path)?;
        let mut median = |size: usize| -> Result<u64> {
            let block = vec![0xa5_u8; size];
            let mut times = Vec::with_capacity(WRITES);
            for n in 0..WRITES {
                file.seek(SeekFrom::Start((n % 64 * size) as u64))?;
                let (done, took) = timed(|| file.write_all(&block).and_then(|()| file.sync_data()));
                done?;
                times.push(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
            }
            times.sort_unstable();
            Ok(percentile(&times, 0.5))
        };
        let probe = Self { small: median(512)?, large: median(64 * 1024)? };
        std::fs::remove_file(path)?;
        Ok(probe)
    }

    /// How far the probe moved from `self` to `after`, as the greater share of the two sizes.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    pub fn drift(&self, after: &Self) -> f64 {
        let moved = |a: u64, b: u64| (b as f64 - a as f64).abs() / a.max(1) as f64;
        moved(self.small, after.small).max(moved(self.large, after.large))
    }

    /// Whether a run between these two probes says anything.
    #[must_use]
    pub fn holds(&self, after: &Self) -> bool {
        self.drift(after) <= DRIFT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_that_moves_by_more_than_a_quarter_voids_the_run() {
        let before = Probe { small: 100, large: 1_000 };
        assert!(before.holds(&Probe { small: 125, large: 750 }));
        assert!(!before.holds(&Probe { small: 100, large: 1_300 }));
        assert!(!before.holds(&Probe { small: 70, large: 1_000 }));
    }

    #[test]
    fn a_disk_is_probed_and_nothing_is_left() {
        let folder = std::env::temp_dir().join(format!("avouch-probe-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let probe = Probe::of(&folder).unwrap();
        assert!(probe.small > 0 && probe.large > 0);
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
        std::fs::remove_dir(folder).unwrap();
    }
}
