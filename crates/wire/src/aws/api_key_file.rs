//! Files of API keys, as `ImportApiKeys` takes them: comma-separated values
//! with a line of names, quoted by `"` or `'`.

use gw_model::ApiKey;

use crate::Fault;

/// One key of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileKey {
    /// The line on which it starts.
    pub line: usize,
    /// Its value.
    pub value: String,
    /// What is declared of it.
    pub definition: ApiKey,
    /// The usage plans that it shall be in; `None` in a file that does not say.
    pub plans: Option<Vec<String>>,
}

/// What a file holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApiKeyFile {
    /// The keys that could be read.
    pub keys: Vec<FileKey>,
    /// Lines that could not.
    pub warnings: Vec<String>,
}

/// Which column is what.
#[derive(Default)]
struct Columns {
    name: Option<usize>,
    key: Option<usize>,
    description: Option<usize>,
    enabled: Option<usize>,
    plans: Option<usize>,
}

impl Columns {
    /// Names in any case and order; unknown ones are passed over.
    fn of(header: &[String]) -> Result<Self, Fault> {
        let mut columns = Self::default();
        for (at, name) in header.iter().enumerate() {
            let column = match name.trim().to_ascii_lowercase().as_str() {
                "name" => &mut columns.name,
                "key" => &mut columns.key,
                "description" => &mut columns.description,
                "enabled" => &mut columns.enabled,
                "usageplanids" => &mut columns.plans,
                _ => continue,
            };
            if column.replace(at).is_some() {
                let name = name.trim();
                return Err(Fault::bad_request(format!(
                    "Invalid API Key file: the column {name} appears more than once"
                )));
            }
        }
        if columns.name.is_none() || columns.key.is_none() {
            return Err(Fault::bad_request(
                "Invalid API Key file: the columns Name and Key are required",
            ));
        }
        Ok(columns)
    }
}

impl ApiKeyFile {
    /// Reads a file.
    ///
    /// # Errors
    /// When it is no text, a quote does not end, or a column is missing.
    pub fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let text = std::str::from_utf8(bytes)
            .map_err(|_| Fault::bad_request("Invalid API Key file: it is not UTF-8"))?;
        let mut records = records(text)?.into_iter();
        let Some((_, header)) = records.next() else {
            return Err(Fault::bad_request("Invalid API Key file: it is empty"));
        };
        let columns = Columns::of(&header)?;
        let mut file = Self::default();
        for (line, record) in records {
            match key(line, &record, &columns) {
                Ok(key) => file.keys.push(key),
                Err(reason) => file.warnings.push(format!("Line {line}: {reason}")),
            }
        }
        Ok(file)
    }
}

fn key(line: usize, record: &[String], columns: &Columns) -> Result<FileKey, String> {
    let field = |column: Option<usize>| {
        column.and_then(|at| record.get(at)).map(|text| text.trim()).unwrap_or_default()
    };
    let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let enabled = match field(columns.enabled).to_ascii_lowercase().as_str() {
        "" | "true" => true,
        "false" => false,
        other => return Err(format!("Invalid value for Enabled specified: {other}")),
    };
    let plans = field(columns.plans).split(',').map(str::trim).filter(|plan| !plan.is_empty());
    Ok(FileKey {
        line,
        value: field(columns.key).to_owned(),
        definition: ApiKey {
            name: filled(field(columns.name)),
            description: filled(field(columns.description)),
            enabled,
            ..ApiKey::default()
        },
        plans: columns.plans.map(|_| plans.map(str::to_owned).collect()),
    })
}

/// The records of a file with the lines that they start on; blank lines are
/// none.
fn records(text: &str) -> Result<Vec<(usize, Vec<String>)>, Fault> {
    let (mut records, mut record, mut field) = (Vec::new(), Vec::new(), String::new());
    let (mut line, mut start) = (1, 1);
    // The quote of the field that is being read, and whether it had one.
    let (mut quote, mut quoted) = (None, false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        line += usize::from(letter == '\n');
        match (quote, letter) {
            (Some(open), _) if letter == open => {
                if letters.next_if_eq(&open).is_some() {
                    field.push(open);
                } else {
                    quote = None;
                }
            }
            (Some(_), _) => field.push(letter),
            (None, '"' | '\'') if field.trim().is_empty() && !quoted => {
                field.clear();
                (quote, quoted) = (Some(letter), true);
            }
            (None, ',') => {
                record.push(std::mem::take(&mut field));
                quoted = false;
            }
            (None, '\n' | '\r') => {
                record.push(std::mem::take(&mut field));
                quoted = false;
                if record.iter().any(|field: &String| !field.trim().is_empty()) {
                    records.push((start, std::mem::take(&mut record)));
                }
                record.clear();
                start = line;
            }
            (None, _) => field.push(letter),
        }
    }
    if quote.is_some() {
        return Err(Fault::bad_request(format!(
            "Invalid API Key file: a quoted text on line {start} does not end"
        )));
    }
    record.push(field);
    if record.iter().any(|field| !field.trim().is_empty()) {
        records.push((start, record));
    }
    Ok(records)
}
