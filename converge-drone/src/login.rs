//! The first login of the bot, by the pages a browser would see.
