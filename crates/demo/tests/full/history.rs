//! History: blocks go into the object store, and answers come back from there.
