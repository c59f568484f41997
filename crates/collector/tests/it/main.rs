//! The collector from the outside: what goes in over its sockets, and what a scrape shows.

mod binary;
mod reload;
mod clients;
mod collector;
mod export;
mod json;
mod encrypted;
mod overload;
mod program;
mod faults;
mod load;
mod kills;
mod disk;
mod slow_scrapers;
mod connections;
mod requests;
mod scrape;
mod sockets;
mod stop;
