//! One call without I/O: an instance, a view of about 1 KB, nothing else. Also the well-behaved neighbour
//! of the hostile guest.

use linli_sdk::NoInput;
use linli_sdk::prelude::*;

fn page(_: NoInput) -> Result<View> {
    let items = (0..20).fold(Stat::new(), |stat, _| stat.item("邻里 Linli", "12345", Some("人")));
    Ok(View::new(("固定内容", "Constant")).block(items))
}

linli_sdk::plugin! {
    pages: { "/" => page },
}
