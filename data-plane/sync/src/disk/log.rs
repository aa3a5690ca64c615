//! A log segment: sealed records, one after the other.
//!
//! ```text
//! segment = "GWL1" generation:u64 salt:[u8; 16] record*
//! record  = length:u32 sealed:[u8; length]         integers big-endian
//! ```
//!
//! Each segment has its own key, made from the node key, the generation and a
//! random salt; the n-th record is sealed with n as its nonce and with
//! generation and n as its context. A record that was moved, doubled or taken
//! from another segment does not open.

use std::{
    fs::File,
    io::{BufReader, Read, Write as _},
    path::Path,
};

use prost::Message as _;

use super::{
    Error,
    record::Record,
    seal::{Seal, TAG_BYTES, counter_nonce, random},
};
use crate::{files, identity::NodeKey};

const MAGIC: &[u8; 4] = b"GWL1";
const SALT_BYTES: usize = 16;
const HEADER_BYTES: usize = 4 + 8 + SALT_BYTES;

/// Larger records are not written: a change is split into parts of 1 MiB, and
/// a single resource is at most one message of the stream.
const MAX_RECORD_BYTES: usize = 32 << 20;

struct Segment {
    generation: u64,
    seal: Seal,
}

impl Segment {
    fn new(generation: u64, salt: &[u8], key: &NodeKey) -> Self {
        let purpose = format!("log segment {generation}");
        Self { generation, seal: Seal::new(&key.derive(&purpose, salt)) }
    }

    fn context(&self, n: u64) -> [u8; 16] {
        let mut context = [0; 16];
        context[..8].copy_from_slice(&self.generation.to_be_bytes());
        context[8..].copy_from_slice(&n.to_be_bytes());
        context
    }
}

/// Appends to a segment.
pub(super) struct Writer {
    file: File,
    segment: Segment,
    records: u64,
    bytes: u64,
}

impl Writer {
    /// Begins a segment.
    pub(super) fn create(path: &Path, generation: u64, key: &NodeKey) -> Result<Self, Error> {
        let salt = random::<SALT_BYTES>().map_err(Error::io("draw a salt"))?;
        let mut header = Vec::with_capacity(HEADER_BYTES);
        header.extend_from_slice(MAGIC);
        header.extend_from_slice(&generation.to_be_bytes());
        header.extend_from_slice(&salt);
        let begin = || {
            let mut file = files::create(path)?;
            file.write_all(&header)?;
            files::sync_dir_of(path)?;
            Ok(file)
        };
        let file = begin().map_err(Error::io("begin a log segment"))?;
        let segment = Segment::new(generation, &salt, key);
        Ok(Self { file, segment, records: 0, bytes: HEADER_BYTES as u64 })
    }

    /// Appends records. After an error the segment's end is unknown, and the
    /// writer must not be used again.
    pub(super) fn append(&mut self, records: &[Record]) -> Result<(), Error> {
        let mut out = Vec::new();
        let mut flush = |out: &mut Vec<u8>, bytes: &mut u64| {
            *bytes += out.len() as u64;
            let written = self.file.write_all(out);
            out.clear();
            written.map_err(Error::io("append to the log"))
        };
        for record in records {
            let mut sealed = record.encode_to_vec();
            if sealed.len() + TAG_BYTES > MAX_RECORD_BYTES {
                return Err(Error::TooLarge("a record of the log"));
            }
            let context = self.segment.context(self.records);
            self.segment.seal.seal(counter_nonce(self.records), &context, &mut sealed);
            self.records += 1;
            let length = u32::try_from(sealed.len()).map_err(|_| Error::TooLarge("a record"))?;
            out.extend_from_slice(&length.to_be_bytes());
            out.append(&mut sealed);
            if out.len() > 4 << 20 {
                flush(&mut out, &mut self.bytes)?;
            }
        }
        flush(&mut out, &mut self.bytes)
    }

    pub(super) fn sync(&self) -> Result<(), Error> {
        self.file.sync_data().map_err(Error::io("sync the log"))
    }

    pub(super) fn generation(&self) -> u64 {
        self.segment.generation
    }

    pub(super) fn records(&self) -> u64 {
        self.records
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// Reads a segment.
pub(super) struct Reader {
    file: BufReader<File>,
    segment: Segment,
    records: u64,
}

impl Reader {
    pub(super) fn open(path: &Path, generation: u64, key: &NodeKey) -> Result<Self, Error> {
        const WHAT: &str = "the log";
        let file = File::open(path).map_err(Error::io("open the log"))?;
        let mut file = BufReader::with_capacity(1 << 16, file);
        let mut header = [0; HEADER_BYTES];
        file.read_exact(&mut header).map_err(|_| Error::Malformed(WHAT))?;
        let (magic, rest) = header.split_at(MAGIC.len());
        let (number, salt) = rest.split_at(8);
        if magic != MAGIC || number != generation.to_be_bytes() {
            return Err(Error::Malformed(WHAT));
        }
        Ok(Self { file, segment: Segment::new(generation, salt, key), records: 0 })
    }

    /// The next record; `None` at the end, which is the first place where no
    /// whole and authentic record stands. Whether that is too early is for
    /// the manifest to say.
    pub(super) fn next(&mut self) -> Option<Record> {
        let mut length = [0; 4];
        self.file.read_exact(&mut length).ok()?;
        let length = u32::from_be_bytes(length) as usize;
        if length > MAX_RECORD_BYTES {
            return None;
        }
        let mut sealed = Vec::new();
        let read = (&mut self.file).take(length as u64).read_to_end(&mut sealed).ok()?;
        if read != length {
            return None;
        }
        let context = self.segment.context(self.records);
        let plain = self.segment.seal.open(counter_nonce(self.records), &context, &mut sealed)?;
        let record = Record::read(plain).ok()?;
        self.records += 1;
        Some(record)
    }
}
