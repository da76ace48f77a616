//! What converge-drone asks of Gitea.
