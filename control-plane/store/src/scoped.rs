//! What is asked in the same words of every table whose rows have a scope.

/// A method that counts a scope's rows of a table.
macro_rules! scope_count {
    ($name:ident, $table:literal, $what:literal) => {
        #[doc = concat!("How many ", $what, " a scope has.")]
        ///
        /// # Errors
        /// When the database is gone.
        pub async fn $name(&mut self, scope: &Scope) -> Result<i64, Error> {
            Ok(sqlx::query_scalar!(
                r#"SELECT count(*) AS "count!" FROM "#
                    + $table
                    + " WHERE account = $1 AND region = $2",
                scope.account.as_str(),
                scope.region.as_str(),
            )
            .fetch_one(self.conn())
            .await?)
        }
    };
}

pub(crate) use scope_count;
