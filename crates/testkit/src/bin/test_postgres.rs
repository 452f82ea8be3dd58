//! Runs a throw-away PostgreSQL for the tests: prints its URL, stops when standard input closes.

fn main() {
    avouch_testkit::postgres::serve();
}
