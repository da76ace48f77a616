//! A Gitea of a test's own: the real one, else the stand-in.
