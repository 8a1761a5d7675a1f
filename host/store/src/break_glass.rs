//! Glasses that were broken, as people opened, ended and reviewed them.

use linli_audit::Encoded;
use linli_scope::BreakGlass;
use linli_scope::break_glass::UNREVIEWED_MAX;

use crate::Store;
use crate::claim::Once;
use crate::database::{Cells as _, Row, binds};
use crate::error::StoreError;

impl Store {
    /// Keeps a glass that was broken and gives it its number, unless the person has too many that nobody has reviewed: of
    /// several that ask at once, only as many as may. `entry` is its entry in the log.
    pub async fn add_break_glass(
        &self,
        mut glass: BreakGlass,
        entry: impl FnOnce(&BreakGlass) -> Encoded,
        once: Once<BreakGlass>,
    ) -> Result<BreakGlass, StoreError> {
        glass.id = self.readers().number("SELECT coalesce(max(id), 0) + 1 FROM break_glass", &[]).await?;
        let entry = entry(&glass);
        self.administer_once(Some(entry), once, move |session| {
            let waiting = session.number("SELECT count(*) FROM break_glass WHERE account = $1 AND reviewed = 0", binds![glass.by])?;
            if usize::try_from(waiting).unwrap_or(usize::MAX) >= UNREVIEWED_MAX {
                return Err(StoreError::Stale { entity: "break-glass".into(), current: waiting });
            }
            let text = "INSERT INTO break_glass (id, account, scope_grant, reviewed, body) VALUES ($1, $2, $3, 0, $4)";
            session.execute(text, binds![glass.id, glass.by, glass.grant, &body(&glass)?])?;
            Ok(glass)
        })
        .await
    }

    /// Puts one in place of the one that was read as `before`, if nobody else changed it in between.
    pub async fn put_break_glass(
        &self,
        before: &BreakGlass,
        glass: BreakGlass,
        entry: Encoded,
        once: Once<BreakGlass>,
    ) -> Result<BreakGlass, StoreError> {
        let (before, reviewed) = (body(before)?, i64::from(glass.review.is_some()));
        self.administer_once(Some(entry), once, move |session| {
            let text = "UPDATE break_glass SET body = $1, reviewed = $2 WHERE id = $3 AND body = $4";
            match session.execute(text, binds![&body(&glass)?, reviewed, glass.id, &before])? {
                1 => Ok(glass),
                _ => Err(StoreError::Stale { entity: "break-glass".into(), current: glass.id }),
            }
        })
        .await
    }

    /// One by its number.
    pub async fn break_glass(&self, id: i64) -> Result<Option<BreakGlass>, StoreError> {
        self.readers().first("SELECT body FROM break_glass WHERE id = $1", binds![id], read).await
    }

    /// Those before a number, newest first: everybody's, or one person's.
    pub async fn break_glasses(&self, by: Option<i64>, before: Option<i64>, limit: i64) -> Result<Vec<BreakGlass>, StoreError> {
        let before = before.unwrap_or(i64::MAX);
        match by {
            None => {
                let text = "SELECT body FROM break_glass WHERE id < $1 ORDER BY id DESC LIMIT $2";
                self.readers().all(text, binds![before, limit], read).await
            }
            Some(by) => {
                let text = "SELECT body FROM break_glass WHERE account = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
                self.readers().all(text, binds![by, before, limit], read).await
            }
        }
    }

    /// Those over a grant that nobody has reviewed.
    pub async fn unreviewed_over(&self, grant: i64) -> Result<Vec<BreakGlass>, StoreError> {
        let text = "SELECT body FROM break_glass WHERE scope_grant = $1 AND reviewed = 0 ORDER BY id";
        self.readers().all(text, binds![grant], read).await
    }

    /// A person's that nobody has reviewed.
    pub async fn unreviewed_of(&self, by: i64) -> Result<Vec<BreakGlass>, StoreError> {
        let text = "SELECT body FROM break_glass WHERE account = $1 AND reviewed = 0 ORDER BY id";
        self.readers().all(text, binds![by], read).await
    }

    /// How many nobody has reviewed.
    pub async fn unreviewed(&self) -> Result<u64, StoreError> {
        let text = "SELECT count(*) FROM break_glass WHERE reviewed = 0";
        Ok(self.readers().number(text, &[]).await?.unsigned_abs())
    }
}

fn read(row: &Row<'_>) -> Result<BreakGlass, StoreError> {
    serde_json::from_str(&row.text(0)?).map_err(|reason| StoreError::damaged("a break-glass", reason))
}

fn body(glass: &BreakGlass) -> Result<String, StoreError> {
    serde_json::to_string(glass).map_err(|reason| StoreError::damaged("a break-glass", reason))
}
