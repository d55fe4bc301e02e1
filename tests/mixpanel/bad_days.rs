//! Days on which something is wrong: what people read, how the run ends, and what was not asked for.
