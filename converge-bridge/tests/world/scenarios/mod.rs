//! What people see, story by story.

mod asking;
