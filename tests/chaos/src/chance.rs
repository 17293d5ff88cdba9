//! Choices that are the same again under the same seed.

/// SplitMix64 (Steele, Lea and Flood, 2014).
#[derive(Clone, Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    /// The choices of one subject under a seed: each has its own, so that none depends on when another is made.
    pub(crate) fn of(seed: u64, subject: &str, number: u64) -> Self {
        let mut state = seed;
        for byte in subject.bytes().chain(number.to_le_bytes()) {
            state = Self(state ^ u64::from(byte)).next();
        }
        Self(state)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below this one, which is positive.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// True once in so many times.
    pub(crate) fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// One of these.
    pub(crate) fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        let count = u64::try_from(from.len()).expect("a list fits into memory");
        let position = usize::try_from(self.below(count)).expect("a position in a list is a position");
        from[position].clone()
    }

    /// Puts a list into another order.
    pub(crate) fn shuffle<T>(&mut self, list: &mut [T]) {
        for end in (1..list.len()).rev() {
            let to = usize::try_from(self.below(end as u64 + 1)).expect("a position in a list is a position");
            list.swap(end, to);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_subject_and_number_choose_the_same() {
        let ten = |mut chance: Chance| (0..10).map(|_| chance.below(1000)).collect::<Vec<_>>();
        assert_eq!(ten(Chance::of(1, "kills", 7)), ten(Chance::of(1, "kills", 7)));
        assert_ne!(ten(Chance::of(1, "kills", 7)), ten(Chance::of(1, "kills", 8)));
        assert_ne!(ten(Chance::of(1, "kills", 7)), ten(Chance::of(2, "kills", 7)));
    }
}
