//! How many people are entitled, and how many will be: tables that the manifest declares and the host counts. What groups
//! are too small to be shown is the host's to say; the plugin never sees a figure.

use linli_sdk::NoInput;
use linli_sdk::prelude::*;

pub fn tables(_: NoInput) -> Result<View> {
    let entitled = Table::counted("resident", "entitled-by-grid")
        .title(("各网格应享人数", "Entitled residents by grid cell"))
        .column_as(Format::Region, "grid", ("网格", "Grid"))
        .column_as(Format::Code("sex"), "sex", ("性别", "Sex"))
        .column("count", ("人数", "People"));
    let seniors = Table::counted("resident", "seniors-by-age")
        .title(("六十周岁以上人口年龄分布", "Residents aged 60 and over by age"))
        .column("age", ("年龄", "Age"))
        .column_as(Format::Code("sex"), "sex", ("性别", "Sex"))
        .column("count", ("人数", "People"));
    Ok(View::new(("应享人数", "Number entitled")).block(seniors).block(entitled))
}
