//! Small sets of dense ids.

/// A set of small numbers; the first 128 need no allocation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bits {
    first: [u64; 2],
    rest: Vec<u64>,
}

impl Bits {
    /// The empty set.
    #[must_use]
    pub const fn new() -> Self {
        Self { first: [0; 2], rest: Vec::new() }
    }

    fn word(&self, at: usize) -> u64 {
        self.first.get(at).or_else(|| self.rest.get(at.wrapping_sub(2))).copied().unwrap_or(0)
    }

    /// Whether `n` is in the set.
    #[must_use]
    pub fn has(&self, n: u16) -> bool {
        self.word(usize::from(n / 64)) & (1 << (n % 64)) != 0
    }

    /// Puts `n` in.
    pub fn insert(&mut self, n: u16) {
        let at = usize::from(n / 64);
        let bit = 1_u64 << (n % 64);
        if let Some(word) = self.first.get_mut(at) {
            *word |= bit;
            return;
        }
        if self.rest.len() < at - 1 {
            self.rest.resize(at - 1, 0);
        }
        if let Some(word) = self.rest.get_mut(at - 2) {
            *word |= bit;
        }
    }

    /// Takes `n` out.
    pub fn remove(&mut self, n: u16) {
        let at = usize::from(n / 64);
        let bit = !(1_u64 << (n % 64));
        if let Some(word) = self.first.get_mut(at) {
            *word &= bit;
        } else if let Some(word) = self.rest.get_mut(at - 2) {
            *word &= bit;
        }
    }
}

impl FromIterator<u16> for Bits {
    fn from_iter<I: IntoIterator<Item = u16>>(numbers: I) -> Self {
        let mut bits = Self::new();
        for n in numbers {
            bits.insert(n);
        }
        bits
    }
}
