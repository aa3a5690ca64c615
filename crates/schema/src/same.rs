//! Whether two values are equal, numbers by value and objects in any order.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::{
    document::{Kind, Value},
    number::Decimal,
    work::{Exhausted, Work},
};

/// Objects with more members are compared by a sorted list of names.
const FEW_MEMBERS: usize = 8;

/// Whether two values are equal.
pub(crate) fn same(a: Value<'_>, b: Value<'_>, work: &mut Work) -> Result<bool, Exhausted> {
    work.spend(1)?;
    match (a.kind(), b.kind()) {
        (Kind::Integer | Kind::Number, Kind::Integer | Kind::Number) => {
            let (a, b) = (a.as_number().unwrap_or_default(), b.as_number().unwrap_or_default());
            work.text(a.len().max(b.len()))?;
            Ok(a == b || Decimal::of(a).compare(&Decimal::of(b)).is_eq())
        }
        (a_kind, b_kind) if a_kind != b_kind => Ok(false),
        (Kind::String, _) => {
            let (a, b) = (a.as_str().unwrap_or_default(), b.as_str().unwrap_or_default());
            work.text(if a.len() == b.len() { a.len() } else { 0 })?;
            Ok(a == b)
        }
        (Kind::Array | Kind::Object, _) if a.len() != b.len() => Ok(false),
        (Kind::Array, _) => {
            for (a, b) in a.items().zip(b.items()) {
                if !same(a, b, work)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (Kind::Object, _) => members(a, b, work),
        _ => Ok(a.as_bool() == b.as_bool()),
    }
}

fn members(a: Value<'_>, b: Value<'_>, work: &mut Work) -> Result<bool, Exhausted> {
    if a.len() <= FEW_MEMBERS {
        for (name, value) in a.members() {
            work.spend(b.len())?;
            let Some(other) = b.get(name) else { return Ok(false) };
            if !same(value, other, work)? {
                return Ok(false);
            }
        }
        return Ok(true);
    }
    let (mut a, mut b): (Vec<_>, Vec<_>) = (a.members().collect(), b.members().collect());
    work.spend(a.len() * 4)?;
    a.sort_unstable_by_key(|(name, _)| *name);
    b.sort_unstable_by_key(|(name, _)| *name);
    for ((a_name, a), (b_name, b)) in a.into_iter().zip(b) {
        if a_name != b_name || !same(a, b, work)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether two of the items are equal. Equal hashes bring candidates together.
pub(crate) fn has_duplicates(array: Value<'_>, work: &mut Work) -> Result<bool, Exhausted> {
    let mut hashed = Vec::with_capacity(array.len());
    for item in array.items() {
        hashed.push((hash(item, work)?, item));
    }
    hashed.sort_unstable_by_key(|(hash, _)| *hash);
    for group in hashed.chunk_by(|(a, _), (b, _)| a == b) {
        for (n, (_, a)) in group.iter().enumerate() {
            for (_, b) in &group[n + 1..] {
                if same(*a, *b, work)? {
                    return Ok(true);
                }
            }
        }
    }
    Ok(false)
}

/// Equal for equal values.
fn hash(value: Value<'_>, work: &mut Work) -> Result<u64, Exhausted> {
    work.spend(1)?;
    let mut hasher = DefaultHasher::new();
    match value.kind() {
        Kind::Integer | Kind::Number => {
            let text = value.as_number().unwrap_or_default();
            work.text(text.len())?;
            let number = Decimal::of(text);
            (1, number.is_negative(), number.scale()).hash(&mut hasher);
            number.digits().for_each(|digit| digit.hash(&mut hasher));
        }
        Kind::String => {
            let text = value.as_str().unwrap_or_default();
            work.text(text.len())?;
            (2, text).hash(&mut hasher);
        }
        Kind::Array => {
            3.hash(&mut hasher);
            for item in value.items() {
                hash(item, work)?.hash(&mut hasher);
            }
        }
        Kind::Object => {
            // The order of members does not count, so their hashes are added.
            let mut sum = 0u64;
            for (name, member) in value.members() {
                work.text(name.len())?;
                let mut own = DefaultHasher::new();
                (name, hash(member, work)?).hash(&mut own);
                sum = sum.wrapping_add(own.finish());
            }
            (4, sum).hash(&mut hasher);
        }
        Kind::Boolean | Kind::Null => (5, value.as_bool()).hash(&mut hasher),
    }
    Ok(hasher.finish())
}
