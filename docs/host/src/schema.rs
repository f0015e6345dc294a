//! The tables as Diesel knows them.

// Shared, so it is named with its schema. The columns that are nobody's business here are left out.
diesel::table! {
    public.accounts (id) {
        id -> BigInt,
        handle -> Text,
        display_name -> Text,
        frozen_at -> Nullable<Timestamptz>,
        closed_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        tenant_id -> Uuid,
        version -> BigInt,
        provisioned_at -> Nullable<Timestamptz>,
        settings -> Jsonb,
        tenant_status -> Text,
    }
}

// Every tenant's own, so it is named without one.
diesel::table! {
    notes (id) {
        id -> BigInt,
        text -> Text,
    }
}
