//! Text of others, made safe to stand in a comment.
