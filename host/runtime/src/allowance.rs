//! What all calls of a day may use together: rows of an access, as its grant says; answers about one person, as the host says.
//!
//! It is counted in the database before anything is handed out, so that neither a restart nor a second host begins it
//! anew. The day is the community's.

use linli_scope::{Check, Denial, DenialKind, Read};

use crate::invocation::{Refused, State};

impl State {
    /// Takes rows that were read and not yet handed out.
    pub async fn take_rows_a_day(&mut self, read: &Read, rows: u64) -> Result<(), Refused> {
        let Some(allowance) = read.allowance.as_ref().filter(|_| rows > 0) else { return Ok(()) };
        self.take(allowance.what.clone(), rows, allowance.most, || {
            let message = format!(
                "all calls of a day may read at most {} rows of `{}` here, and this page would go beyond; read fewer, go on tomorrow, or \
                 have more granted (rows-per-day)",
                allowance.most, read.entity.name
            );
            Denial::new(DenialKind::Limit, message).entity(&read.entity.name)
        })
        .await
    }

    /// Takes one answer about a record, whether there is such a record or not: or else the limit would tell.
    pub async fn take_answer_a_day(&mut self, check: &Check) -> Result<(), Refused> {
        let most = u64::from(self.limits.checks_per_day);
        let what = format!("check {} {} {} {}", self.circumstances.plugin.id(), check.entity.number, check.record.0, check.name);
        self.take(what, 1, most, || {
            let message =
                format!("the check `{}` may be asked {most} times a day about the same {}, and was", check.name, check.entity.name);
            Denial::new(DenialKind::Limit, message).entity(&check.entity.name)
        })
        .await
    }

    async fn take(&mut self, what: String, amount: u64, most: u64, refusal: impl FnOnce() -> Denial) -> Result<(), Refused> {
        match self.store.take(self.circumstances.today, what, amount, most).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Refused::Denied(refusal())),
            Err(error) => Err(Refused::Store(error)),
        }
    }
}
