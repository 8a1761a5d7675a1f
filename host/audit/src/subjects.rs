//! Subjects as bytes: the portable serialisation of a 64-bit roaring bitmap, nothing at all for the empty set.
//!
//! <https://github.com/RoaringBitmap/RoaringFormatSpec>, "Extension for 64-bit implementations".

use roaring::RoaringTreemap;

/// From this many subjects on, runs of neighbouring numbers are looked for. A page of records stays below it
/// and is written as it is; a bulk read of a community, whose numbers are mostly consecutive, shrinks manyfold.
const WORTH_PACKING: u64 = 64;

/// Bytes that are not the subjects of an entry or a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the subjects are not a portable 64-bit roaring bitmap")]
pub struct SubjectsError;

/// Writes `subjects`; empty when there are none.
pub(crate) fn encode(subjects: &RoaringTreemap) -> Vec<u8> {
    if subjects.is_empty() {
        return Vec::new();
    }
    if subjects.len() < WORTH_PACKING {
        return serialise(subjects);
    }
    let mut packed = subjects.clone();
    packed.optimize();
    serialise(&packed)
}

fn serialise(subjects: &RoaringTreemap) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(subjects.serialized_size());
    let written = subjects.serialize_into(&mut bytes);
    debug_assert!(written.is_ok(), "a Vec takes every byte");
    bytes
}

/// Reads what [`encode`] wrote. Bytes left over are an error, as is an empty set spelt out.
pub(crate) fn decode(bytes: &[u8]) -> Result<RoaringTreemap, SubjectsError> {
    if bytes.is_empty() {
        return Ok(RoaringTreemap::new());
    }
    let mut rest = bytes;
    let subjects = RoaringTreemap::deserialize_from(&mut rest).map_err(|_| SubjectsError)?;
    if rest.is_empty() && !subjects.is_empty() { Ok(subjects) } else { Err(SubjectsError) }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nobody_takes_no_bytes() {
        assert!(encode(&RoaringTreemap::new()).is_empty());
        assert_eq!(decode(&[]), Ok(RoaringTreemap::new()));
        assert_eq!(decode(&[0; 8]), Err(SubjectsError));
    }

    #[test]
    fn a_consecutive_range_is_small() {
        let community: RoaringTreemap = (120_001..=128_000).collect();
        let bytes = encode(&community);
        assert!(bytes.len() < 64, "{} bytes", bytes.len());
        assert_eq!(decode(&bytes), Ok(community));
    }

    #[test]
    fn left_over_bytes_are_refused() {
        let mut bytes = encode(&RoaringTreemap::from_iter([7, 9]));
        bytes.push(0);
        assert_eq!(decode(&bytes), Err(SubjectsError));
    }

    proptest! {
        #[test]
        fn round_trips(numbers in vec(prop_oneof![any::<u64>(), 0..100_000_u64], 0..300)) {
            let subjects: RoaringTreemap = numbers.into_iter().collect();
            prop_assert_eq!(decode(&encode(&subjects)), Ok(subjects));
        }

        #[test]
        fn damaged_bytes_never_panic(
            numbers in vec(0..300_000_u64, 1..300),
            place in any::<prop::sample::Index>(),
            byte in any::<u8>(),
        ) {
            let mut bytes = encode(&numbers.into_iter().collect());
            let place = place.index(bytes.len());
            bytes[place] = byte;
            let _ = decode(&bytes);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in vec(any::<u8>(), 0..200)) {
            let _ = decode(&bytes);
        }
    }
}
