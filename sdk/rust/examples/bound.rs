//! Bound blocks: the host fills them, the data never enters the plugin.

use linli_sdk::prelude::*;

#[derive(Deserialize)]
struct Paging {
    after: Option<String>,
}

fn list(paging: Paging) -> Result<View> {
    let query = records::query("resident")
        .fields(["name", "age", "grid"])
        .filter(field("age").ge(90))
        .sort_desc("age")
        .after(paging.after.as_deref());
    Ok(View::new(("名单", "List")).block(
        Table::bound(&query, 20).column("name", ("姓名", "Name")).column("age", ("年龄", "Age")).column_as(
            Format::Region,
            "grid",
            ("网格", "Grid"),
        ),
    ))
}

#[derive(Deserialize)]
struct One {
    id: Id,
}

fn one(input: One) -> Result<View> {
    Ok(View::new(("居民", "Resident")).block(Record::bound("resident", &input.id, &["name"]).column("name", ("姓名", "Name"))))
}

linli_sdk::plugin! {
    pages: { "/" => list, "/one" => one },
}
