use avouch_store::Opened;

fn peek(opened: &Opened) -> usize {
    opened.records.len()
}

fn main() {}
