//! How the residents are spread over the communities, and the grid cells within each.

use crate::{GridCell, Plan, random::Random};

/// A grid cell holds about 300 households; a household here holds about 2.4 persons.
const RESIDENTS_OF_A_CELL: usize = 720;

/// One community's part of the plan.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Share<'a> {
    /// The community's code, 12 digits.
    pub(crate) code: &'a str,
    /// The community's name without what all such names end in: `瑶台` for `瑶台社区居委会`.
    pub(crate) short_name: &'a str,
    pub(crate) residents: usize,
}

impl Share<'_> {
    /// How many grid cells the community has, at least one.
    fn cells(&self) -> usize {
        self.residents.div_ceil(RESIDENTS_OF_A_CELL).clamp(1, 999)
    }

    /// The code of the cell that takes the next household after so many residents: cells fill in turn.
    pub(crate) fn cell(&self, residents_before: usize) -> String {
        let nth = residents_before * self.cells() / self.residents.max(1);
        cell_code(self.code, nth)
    }

    pub(crate) fn grid_cells(&self) -> impl Iterator<Item = GridCell> {
        (0..self.cells())
            .map(|nth| GridCell { code: cell_code(self.code, nth), name: format!("{}社区第{}网格", self.short_name, nth + 1) })
    }
}

fn cell_code(community: &str, nth: usize) -> String {
    format!("{community}{:03}", nth + 1)
}

/// The residents of the plan, spread over its communities: the largest has about four times the smallest.
pub(crate) fn shares<'a>(plan: &Plan<'a>) -> Vec<Share<'a>> {
    let weights: Vec<usize> = plan
        .communities
        .iter()
        .map(|community| Random::new(plan.seed, community.code).near(50, 100, 200).unsigned_abs() as usize)
        .collect();
    let total: usize = weights.iter().sum();
    // Each community gets the difference of two rounded running sums, so the parts make up the whole exactly.
    let mut weight_before = 0;
    plan.communities
        .iter()
        .zip(weights)
        .map(|(community, weight)| {
            let start = part(plan.residents, weight_before, total);
            weight_before += weight;
            let residents = part(plan.residents, weight_before, total) - start;
            Share { code: community.code, short_name: short_name(community.name), residents }
        })
        .collect()
}

/// `whole × weight / total`, rounded down.
fn part(whole: usize, weight: usize, total: usize) -> usize {
    let product = whole as u128 * weight as u128;
    usize::try_from(product / total.max(1) as u128).unwrap_or(whole)
}

fn short_name(name: &str) -> &str {
    ["社区居民委员会", "社区居委会", "居民委员会", "村民委员会", "居委会", "村委会", "社区"]
        .iter()
        .find_map(|ending| name.strip_suffix(ending))
        .filter(|short| !short.is_empty())
        .unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_their_ending() {
        assert_eq!(short_name("瑶台社区居委会"), "瑶台");
        assert_eq!(short_name("翠洲社区居民委员会"), "翠洲");
        assert_eq!(short_name("槎头村委会"), "槎头");
        assert_eq!(short_name("社区"), "社区");
    }
}
