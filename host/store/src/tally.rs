//! What was used of a day's allowances, counted where every host of a platform counts.

use linli_model::Date;

use crate::Store;
use crate::database::binds;
use crate::error::StoreError;

impl Store {
    /// Takes some of what may be used today of `what`: all of it, or nothing where that would be more than `most`. Returns
    /// whether it was taken; it is durable then. What was used on the days before is forgotten.
    pub async fn take(&self, today: Date, what: String, amount: u64, most: u64) -> Result<bool, StoreError> {
        if amount > most {
            return Ok(false);
        }
        let [amount, most] = [amount, most].map(|number| i64::try_from(number).unwrap_or(i64::MAX));
        let text = "INSERT INTO tally (day, what, used) VALUES ($1, $2, $3) ON CONFLICT (day, what) \
                    DO UPDATE SET used = tally.used + excluded.used WHERE tally.used + excluded.used <= $4";
        self.administer(None, move |session| {
            let day = today.to_string();
            session.execute("DELETE FROM tally WHERE day < $1", binds![&day])?;
            Ok(session.execute(text, binds![&day, &what, amount, most])? == 1)
        })
        .await
    }
}
