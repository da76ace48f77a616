mod forge;
mod saying;
mod troubles;
mod world;
