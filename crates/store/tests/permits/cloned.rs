use avouch_store::Permit;

fn copy<'s>(permit: &Permit<'s>) -> Permit<'s> {
    permit.clone()
}

fn main() {}
