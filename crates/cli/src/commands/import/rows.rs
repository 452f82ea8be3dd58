//! Where rows come from: a CSV file, an NDJSON file, a PostgreSQL table. Each names a row by the same number at
//! each reading.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use avouch::collection::import::Row;
use avouch_ledger::hash::Sha256;
use avouch_store::ForeignTable;

use crate::output::Failure;

/// The longest line of an NDJSON file taken, in bytes.
const LONGEST_LINE: usize = 1 << 20;

enum From {
    Csv(Box<csv::Reader<File>>),
    Ndjson(BufReader<File>),
    Table(ForeignTable),
}

/// Rows to be read.
pub(crate) struct Rows {
    from: From,
    columns: Vec<String>,
    /// The digest of what is read, without the mapping.
    source: [u8; 32],
    size: Option<u64>,
    at: u64,
    number: i64,
}

fn fault(path: &Path) -> impl Fn(std::io::Error) -> Failure {
    move |e| Failure::new("file", format!("cannot read {}: {e}", path.display()))
}

fn digest(path: &Path) -> Result<[u8; 32], Failure> {
    let mut file = File::open(path).map_err(fault(path))?;
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        let n = file.read(&mut buffer).map_err(fault(path))?;
        if n == 0 {
            return Ok(hash.finish());
        }
        hash.update(buffer.get(..n).unwrap_or_default());
    }
}

/// One line's object as fields; or why it is none.
fn object(line: &[u8]) -> Result<BTreeMap<String, String>, String> {
    let value: serde_json::Value = serde_json::from_slice(line).map_err(|_| "not-json".to_owned())?;
    let serde_json::Value::Object(object) = value else { return Err("not-an-object".to_owned()) };
    Ok(object
        .into_iter()
        .filter_map(|(name, value)| match value {
            serde_json::Value::Null => None,
            serde_json::Value::String(text) => Some((name, text)),
            other => Some((name, other.to_string())),
        })
        .collect())
}

/// The next line without its end; nothing at the end of the file.
fn line(reader: &mut BufReader<File>) -> std::io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let read = reader.by_ref().take(LONGEST_LINE as u64).read_until(b'\n', &mut line)?;
    if read == 0 {
        return Ok(None);
    }
    if !line.ends_with(b"\n") && read == LONGEST_LINE {
        // Too long to be a person: skipped to its end, and refused as a row.
        reader.skip_until(b'\n')?;
        line.clear();
        line.push(b'!');
    }
    Ok(Some(line))
}

impl Rows {
    /// The rows of a file, by its ending.
    ///
    /// # Errors
    /// When it cannot be read, or ends with neither `.csv` nor `.ndjson` (or `.jsonl`).
    pub(crate) fn of_file(path: &Path) -> Result<Self, Failure> {
        let source = digest(path)?;
        let file = File::open(path).map_err(fault(path))?;
        let size = Some(file.metadata().map_err(fault(path))?.len());
        let (from, columns) = match path.extension().and_then(|e| e.to_str()) {
            Some("csv") => {
                let mut reader = csv::Reader::from_reader(file);
                let head = reader
                    .headers()
                    .map_err(|e| Failure::new("file", format!("cannot read {}: {e}", path.display())))?;
                let columns = head.iter().map(str::to_owned).collect();
                (From::Csv(Box::new(reader)), columns)
            }
            Some("ndjson" | "jsonl") => {
                let mut columns = BTreeSet::new();
                let mut reader = BufReader::new(File::open(path).map_err(fault(path))?);
                while let Some(line) = line(&mut reader).map_err(fault(path))? {
                    columns.extend(object(&line).unwrap_or_default().into_keys());
                }
                (From::Ndjson(BufReader::new(file)), columns.into_iter().collect())
            }
            _ => {
                let text = format!("{}: a file to import ends with .csv or .ndjson", path.display());
                return Err(Failure::new("file", text));
            }
        };
        Ok(Self { from, columns, source, size, at: 0, number: 0 })
    }

    /// The rows of a table, in the order of the column that numbers them.
    ///
    /// # Errors
    /// When the database cannot be reached, the table is not there, or no column of whole numbers names its rows.
    pub(crate) async fn of_table(url: &str, table: &str, number: Option<&str>) -> Result<Self, Failure> {
        let number = number.ok_or_else(|| {
            let text = "say in the mapping which column of whole numbers names a row: number = \"id\"";
            Failure::new("mapping", text)
        })?;
        let people = ForeignTable::open(url, table, number).await?;
        let columns = people.columns().to_vec();
        let source = avouch::store::sha256(format!("postgres\0{table}").as_bytes());
        Ok(Self { from: From::Table(people), columns, source, size: None, at: 0, number: 0 })
    }

    /// The columns that are there.
    pub(crate) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The digest of what is read, and of the mapping it is read by.
    pub(crate) fn digest(&self, mapping: &str) -> [u8; 32] {
        avouch::store::sha256(&[self.source.as_slice(), mapping.as_bytes()].concat())
    }

    /// Its size in bytes, where it has one.
    pub(crate) fn size(&self) -> Option<u64> {
        self.size
    }

    /// How many bytes have been read, or rows of a table.
    pub(crate) fn position(&self) -> u64 {
        self.at
    }

    /// The next rows, at most `most`; none at the end.
    ///
    /// # Errors
    /// When the file or the table cannot be read on. A row that is not right is a row, and says so.
    pub(crate) async fn next(&mut self, most: usize) -> Result<Vec<Row>, Failure> {
        let mut rows = Vec::with_capacity(most);
        match &mut self.from {
            From::Csv(reader) => {
                let mut record = csv::StringRecord::new();
                while rows.len() < most {
                    let fields = match reader.read_record(&mut record) {
                        Ok(false) => break,
                        Ok(true) => {
                            let pairs = self.columns.iter().zip(record.iter());
                            Ok(pairs.map(|(name, value)| (name.clone(), value.to_owned())).collect())
                        }
                        Err(e) if e.is_io_error() => return Err(Failure::new("file", e.to_string())),
                        Err(_) => Err("unreadable".to_owned()),
                    };
                    self.number += 1;
                    rows.push(Row { number: self.number, fields });
                }
                self.at = reader.position().byte();
            }
            From::Ndjson(reader) => {
                while rows.len() < most {
                    let next = line(reader).map_err(|e| Failure::new("file", e.to_string()))?;
                    let Some(line) = next else { break };
                    self.at += line.len() as u64;
                    self.number += 1;
                    if !line.trim_ascii().is_empty() {
                        rows.push(Row { number: self.number, fields: object(&line) });
                    }
                }
            }
            From::Table(people) => {
                for (number, text) in people.next(most).await? {
                    let Some(number) = number else {
                        let text = "a row has no number; give every row one, or export the table as CSV";
                        return Err(Failure::new("database", text));
                    };
                    rows.push(Row { number, fields: object(text.as_bytes()) });
                }
                self.at += rows.len() as u64;
            }
        }
        Ok(rows)
    }
}
