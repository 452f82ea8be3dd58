use avouch_store::Record;

fn copied(record: &Record) {
    let _copy = record.value.clone();
}

fn printed(record: &Record) -> String {
    record.value.to_string()
}

fn read(record: &Record) -> u8 {
    record.value[0]
}

fn main() {}
