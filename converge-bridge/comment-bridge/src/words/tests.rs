mod made;
mod property;
mod states;
