//! Old-age allowance: who is entitled, and what the officer decided.

mod decision;
mod eligible;
mod planning;

use linli_sdk::prelude::*;

/// Rows a page.
const PAGE: u32 = 20;

/// Where a list goes on.
#[derive(Deserialize)]
struct Paging {
    after: Option<String>,
}

linli_sdk::plugin! {
    pages: {
        "/eligible" => eligible::list,
        "/eligible-bound" => eligible::bound_list,
        "/planning" => planning::tables,
        "/decisions" => decision::list,
    },
    actions: {
        "decide" => decision::decide,
    },
}
