//! One page a misbehaviour. What each must end in is said in tests/; a page that gets through answers with
//! a view titled `got through`, which no test accepts.

mod data;
mod keep;
mod resource;

use linli_sdk::prelude::*;

/// What a limit or a denial should have prevented.
fn got_through(detail: impl Into<String>) -> Result<View> {
    Ok(View::new("got through").block(Message::info(detail.into())))
}

linli_sdk::plugin! {
    pages: {
        "/loop" => resource::endless_loop,
        "/host-loop" => resource::host_loop,
        "/memory" => resource::memory,
        "/recursion" => resource::recursion,
        "/output" => resource::output,
        "/panic" => resource::panic,
        "/log-flood" => resource::log_flood,
        "/random" => resource::random,
        "/rows" => data::rows,
        "/calls" => data::calls,
        "/cursors" => data::cursors,
        "/denied-select" => data::denied_select,
        "/denied-filter" => data::denied_filter,
        "/denied-sort" => data::denied_sort,
        "/denied-entity" => data::denied_entity,
        "/masked-filter" => data::masked_filter,
        "/masked-sort" => data::masked_sort,
        "/denied-check" => data::denied_check,
        "/denied-write" => data::denied_write,
        "/forged-id" => data::forged_id,
        "/guessed-ids" => data::guessed_ids,
        "/huge-value" => data::huge_value,
        "/many-conditions" => data::many_conditions,
        "/many-fields" => data::many_fields,
        "/many-sorts" => data::many_sorts,
        "/sql-value" => data::sql_value,
        "/sql-field" => data::sql_field,
        "/table" => data::table,
        "/small-table" => data::small_table,
        "/denied-table" => data::denied_table,
        "/counted-select" => data::counted_select,
        "/counted-filter" => data::counted_filter,
        "/counted-sort" => data::counted_sort,
        "/keep" => keep::keep,
        "/copy" => keep::copy,
        "/kept" => keep::kept,
        "/hold" => keep::hold,
        "/hold-bound" => keep::hold_bound,
    },
}
