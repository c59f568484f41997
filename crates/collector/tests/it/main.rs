//! The collector from the outside: what goes in over its sockets, and what a scrape shows.

mod binary;
mod collector;
mod export;
mod requests;
mod scrape;
mod stop;
