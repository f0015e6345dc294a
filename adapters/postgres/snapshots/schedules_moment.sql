SELECT coalesce($1, clock_timestamp()) AS now -- binds: [None]
