//! Parts that die, and what must go on meanwhile.
