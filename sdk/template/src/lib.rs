//! {{name}}

use linli_sdk::prelude::*;

/// 页面参数：翻页时从哪里接着看。
#[derive(Deserialize)]
struct Paging {
    after: Option<String>,
}

/// 列出居民的姓名和年龄，年长的在前，每页二十人。
///
/// 清单里的 where 已经限定六十周岁以上、辖区以内，这里不必再写；
/// 想进一步筛选，加上 `.filter(field("age").ge(80))`。
fn residents(paging: Paging) -> Result<View> {
    let mut cursor = records::query("resident")
        .fields(["name", "age"])
        .sort_desc("age")
        .after(paging.after.as_deref())
        .open()?;
    let rows = cursor.next_raw(20)?;

    Ok(View::new(("老年人名单", "Elderly residents")).block(
        Table::rows(rows)
            .column("name", ("姓名", "Name"))
            .column("age", ("年龄", "Age"))
            .next_page("/", &cursor),
    ))
}

linli_sdk::plugin! {
    pages: { "/" => residents },
}
