//! The smallest plugin: one page, no data.

use linli_sdk::NoInput;
use linli_sdk::prelude::*;

fn hello(_: NoInput) -> Result<View> {
    let today = clock::today();
    log::info("somebody said hello");
    Ok(View::new(("你好", "Hello"))
        .block(Message::info((format!("今天是 {today}。"), format!("Today is {today}."))))
        .block(Stat::new().item(("辖区", "Communities"), context::regions().len().to_string(), None)))
}

linli_sdk::plugin! {
    pages: { "/" => hello },
}
