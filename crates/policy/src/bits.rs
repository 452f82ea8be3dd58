//! Small sets of dense ids.

/// A set of small numbers; the first 128 need no allocation.
#[derive(Debug, Clone, Default)]
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

/// Sets are equal when their members are; room that was used once and is empty now does not tell them apart.
impl PartialEq for Bits {
    fn eq(&self, other: &Self) -> bool {
        (0..2 + self.rest.len().max(other.rest.len())).all(|at| self.word(at) == other.word(at))
    }
}

impl Eq for Bits {}

impl FromIterator<u16> for Bits {
    fn from_iter<I: IntoIterator<Item = u16>>(numbers: I) -> Self {
        let mut bits = Self::new();
        for n in numbers {
            bits.insert(n);
        }
        bits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_out_leaves_no_trace() {
        let (mut one, two): (Bits, Bits) = ([3, 700].into_iter().collect(), std::iter::once(3).collect());
        assert_ne!(one, two);
        one.remove(700);
        assert_eq!(one, two);
        assert_eq!(two, one);
    }

    #[test]
    fn a_set_holds_what_was_put_in_and_nothing_else() {
        let members = [0, 63, 64, 127, 128, 191, 192, u16::MAX];
        let mut bits: Bits = members.into_iter().collect();
        assert!((0..=u16::MAX).all(|n| bits.has(n) == members.contains(&n)));
        bits.remove(128);
        bits.remove(129);
        assert!(!bits.has(128) && bits.has(127) && bits.has(191));
    }
}
