//! A part of many organizations, so that several jobs share the work.

use std::str::FromStr;

use sha2::{Digest, Sha256};

/// More parts than this are a slip: no CI system runs so many jobs at once.
const MOST: u64 = 10_000;

/// One of several parts of the organizations of a configuration.
///
/// Which part an organization is in follows from its key alone, so that one that is added or removed moves no other. The
/// parts are disjoint and together all there is; they are only about equally large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shard {
    /// Which part, from 1.
    number: u64,
    /// Of how many.
    count: u64,
}

impl Shard {
    /// Whether the organization with this key is in this part.
    pub(crate) fn has(self, key: &str) -> bool {
        let digest = Sha256::digest(key.as_bytes());
        let place = digest.iter().take(8).fold(0_u64, |place, byte| place << 8 | u64::from(*byte));
        place % self.count == self.number - 1
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write which part of how many, such as 2/8".to_owned();
        // `parse` would take a sign.
        let number = |digits: &str| -> Option<u64> {
            digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
        };
        let (number, count) = text
            .split_once('/')
            .and_then(|(first, second)| Some((number(first)?, number(second)?)))
            .ok_or_else(wrong)?;
        match (number, count) {
            (_, 0) => Err("there must be at least one part, as in 1/1".to_owned()),
            (_, count) if count > MOST => Err(format!("there can be {MOST} parts at most")),
            (0, count) => Err(format!("the parts are counted from 1: 1/{count} is the first")),
            (number, count) if number > count => {
                Err(format!("there is no part {number} of {count}: {count}/{count} is the last"))
            }
            (number, count) => Ok(Self { number, count }),
        }
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.number, self.count)
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::btree_set;
    use proptest::prelude::{prop_assert_eq, proptest};

    use super::*;

    fn shards(count: u64) -> Vec<Shard> {
        (1..=count).map(|number| format!("{number}/{count}").parse().unwrap()).collect()
    }

    proptest! {
        #[test]
        fn every_organization_is_in_one_part(keys in btree_set("[a-z][a-z0-9_-]{0,12}", 0..40), count in 1..20_u64) {
            for key in &keys {
                prop_assert_eq!(shards(count).into_iter().filter(|shard| shard.has(key)).count(), 1);
            }
        }
    }

    #[test]
    fn the_part_of_an_organization_never_changes() {
        // Jobs that were written for these parts find them again in every version of the program.
        let parts: Vec<usize> = ["acme", "beta", "client-017", "zeta"]
            .iter()
            .map(|key| shards(4).iter().position(|shard| shard.has(key)).unwrap() + 1)
            .collect();
        assert_eq!(parts, [1, 2, 4, 1]);
    }

    #[test]
    fn parts_are_about_equally_large() {
        let keys: Vec<String> = (0..1_000).map(|number| format!("client-{number:04}")).collect();
        for shard in shards(8) {
            let size = keys.iter().filter(|key| shard.has(key)).count();
            assert!((90..160).contains(&size), "{shard} has {size} of 1000");
        }
    }

    #[test]
    fn a_part_is_a_number_of_a_number() {
        assert_eq!("3/8".parse(), Ok(Shard { number: 3, count: 8 }));
        assert_eq!("1/1".parse(), Ok(Shard { number: 1, count: 1 }));
        for (text, said) in [
            ("0/3", "the parts are counted from 1: 1/3 is the first"),
            ("4/3", "there is no part 4 of 3: 3/3 is the last"),
            ("1/0", "there must be at least one part, as in 1/1"),
            ("1/10001", "there can be 10000 parts at most"),
            ("1", "write which part of how many, such as 2/8"),
            ("", "write which part of how many, such as 2/8"),
            ("/", "write which part of how many, such as 2/8"),
            ("+1/3", "write which part of how many, such as 2/8"),
            ("-1/3", "write which part of how many, such as 2/8"),
            ("1/3/3", "write which part of how many, such as 2/8"),
            ("1 / 3", "write which part of how many, such as 2/8"),
            ("99999999999999999999/3", "write which part of how many, such as 2/8"),
        ] {
            assert_eq!(text.parse::<Shard>(), Err(said.to_owned()), "{text}");
        }
    }
}
