pub(crate) mod connections;
pub(crate) mod endings;
pub(crate) mod isolation;
pub(crate) mod nesting;
pub(crate) mod refusals;
pub(crate) mod residues;
