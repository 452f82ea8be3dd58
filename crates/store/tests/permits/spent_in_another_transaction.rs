use avouch_store::{Permit, Put, Tx};

async fn elsewhere<'a, 'b>(_minted_in: &mut Tx<'a>, permit: Permit<'a>, other: &mut Tx<'b>, values: &[Put<'_>]) {
    let _receipt = other.put(permit, values).await;
}

fn main() {}
