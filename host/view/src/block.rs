//! The blocks of a view.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::bound::Bound;
use crate::limit;
use crate::scalar::{Pairs, Scalar, Str};
use crate::text::Text;

/// One block.
#[derive(Debug, Clone)]
pub enum Block<'a> {
    /// A paragraph, plain or as a notice.
    Text(Prose<'a>),
    /// Figures.
    Stat(Vec<Stat<'a>>),
    /// Many records.
    Table(Box<Table<'a>>),
    /// One record as name and value.
    Record(Record<'a>),
    /// Inputs of an action, or parameters of a page.
    Form(Form<'a>),
    /// A code that leads to a page.
    Qr(Qr<'a>),
    /// A link to a page.
    Link(Link<'a>),
}

impl<'a> Block<'a> {
    /// The query to run, where the block is bound.
    pub fn bound(&self) -> Option<&Bound<'a>> {
        match self {
            Self::Table(table) => table.content.bound(),
            Self::Record(record) => record.content.bound(),
            _ => None,
        }
    }
}

/// How a text is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    /// Says something.
    #[default]
    Info,
    /// It worked.
    Success,
    /// Take care.
    Warning,
    /// It did not work.
    Error,
}

/// A `text` block.
#[derive(Debug, Clone)]
pub struct Prose<'a> {
    /// Line breaks are kept.
    pub text: Text<'a>,
    /// None where the plugin gave none: a plain paragraph.
    pub tone: Option<Tone>,
}

/// One figure of a `stat` block.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stat<'a> {
    /// What is counted.
    #[serde(borrow)]
    pub label: Text<'a>,
    /// The figure.
    #[serde(borrow)]
    pub value: Scalar<'a>,
    /// Its unit.
    #[serde(borrow, default)]
    pub unit: Option<Text<'a>>,
}

/// What a table or record shows.
#[derive(Debug, Clone)]
pub enum Content<'a> {
    /// The plugin's own JSON: an array of flat objects in a table, one flat object in a record.
    Given(&'a RawValue),
    /// To be filled by the host.
    Bound(Box<Bound<'a>>),
}

impl<'a> Content<'a> {
    fn bound(&self) -> Option<&Bound<'a>> {
        match self {
            Self::Given(_) => None,
            Self::Bound(bound) => Some(bound),
        }
    }
}

/// A `table` block.
#[derive(Debug, Clone)]
pub struct Table<'a> {
    /// The caption.
    pub title: Option<Text<'a>>,
    /// 1 to [`limit::COLUMNS`].
    pub columns: Vec<Column<'a>>,
    /// The rows.
    pub content: Content<'a>,
    /// Buttons of each row.
    pub actions: Vec<RowAction<'a>>,
    /// Next page of given rows.
    pub next: Option<Target<'a>>,
}

/// A `record` block.
#[derive(Debug, Clone)]
pub struct Record<'a> {
    /// The heading.
    pub title: Option<Text<'a>>,
    /// 1 to [`limit::COLUMNS`].
    pub columns: Vec<Column<'a>>,
    /// The record.
    pub content: Content<'a>,
}

/// A column of a table, a line of a record.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column<'a> {
    /// Member of the row.
    #[serde(borrow)]
    pub key: Str<'a>,
    /// The heading.
    #[serde(borrow)]
    pub title: Text<'a>,
    /// How its values are shown.
    #[serde(borrow, default)]
    pub format: Format<'a>,
}

/// How a value is shown on the page. The JSON keeps the value as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Format<'a> {
    /// As it is.
    #[default]
    Text,
    /// An ISO 8601 date.
    Date,
    /// A region's code, shown by name.
    Region,
    /// A code of the list, shown by name.
    Code(Str<'a>),
}

impl<'de: 'a, 'a> Deserialize<'de> for Format<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = Str::deserialize(deserializer)?;
        match name.as_str() {
            "text" => Ok(Self::Text),
            "date" => Ok(Self::Date),
            "region" => Ok(Self::Region),
            other => match other.strip_prefix("code:") {
                Some(list) if limit::is_name(list) => Ok(Self::Code(list.to_owned().into())),
                _ => Err(serde::de::Error::custom("expected `text`, `date`, `region` or `code:LIST`")),
            },
        }
    }
}

/// A button of each row: an action of the plugin with inputs from the row.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowAction<'a> {
    /// Action by name.
    #[serde(borrow)]
    pub action: Str<'a>,
    /// The button's text.
    #[serde(borrow)]
    pub title: Text<'a>,
    /// Input name → member of the row.
    #[serde(borrow, default)]
    pub input: Pairs<'a, Str<'a>>,
    /// Input name → constant.
    #[serde(borrow, default)]
    pub with: Pairs<'a, Scalar<'a>>,
}

/// A page of the same plugin.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target<'a> {
    /// Its path.
    #[serde(borrow)]
    pub page: Str<'a>,
    /// Its parameters.
    #[serde(borrow, default)]
    pub params: Pairs<'a, Scalar<'a>>,
}

/// A `form` block.
#[derive(Debug, Clone)]
pub struct Form<'a> {
    /// Where the inputs go.
    pub to: FormTarget<'a>,
    /// The button's text.
    pub submit: Text<'a>,
    /// The inputs.
    pub fields: Vec<Input<'a>>,
}

/// Where a form's inputs go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormTarget<'a> {
    /// To an action, by name. Somebody must be signed in.
    Action(Str<'a>),
    /// To a page of the plugin, by path, as its parameters. It changes nothing, so it needs no log-in.
    Page(Str<'a>),
}

/// An input of a form.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input<'a> {
    /// Input name.
    #[serde(borrow)]
    pub key: Str<'a>,
    /// The label.
    #[serde(borrow)]
    pub title: Text<'a>,
    /// What is typed in.
    pub input: InputKind,
    /// Must be filled.
    #[serde(default)]
    pub required: bool,
    /// What it starts with; of a `resident`, the record's token.
    #[serde(borrow, default)]
    pub value: Scalar<'a>,
    /// Options of a `select`.
    #[serde(borrow, default, deserialize_with = "limit::list::<_, _, { limit::OPTIONS }>")]
    pub options: Vec<InputOption<'a>>,
    /// A line of help under the label.
    #[serde(borrow, default)]
    pub help: Option<Text<'a>>,
}

/// What is typed into an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InputKind {
    /// One line.
    Text,
    /// A decimal number.
    Number,
    /// An ISO 8601 date.
    Date,
    /// Several lines.
    Textarea,
    /// One of the options.
    Select,
    /// Not shown.
    Hidden,
    /// A resident by ID number (GB 11643), which the host turns into a token.
    Resident,
}

/// An option of a `select`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputOption<'a> {
    /// What is sent.
    #[serde(borrow)]
    pub value: Scalar<'a>,
    /// What is read.
    #[serde(borrow)]
    pub title: Text<'a>,
}

/// A `qr` block.
#[derive(Debug, Clone)]
pub struct Qr<'a> {
    /// Where it leads.
    pub target: Target<'a>,
    /// A line under the code.
    pub caption: Option<Text<'a>>,
}

/// A `link` block.
#[derive(Debug, Clone)]
pub struct Link<'a> {
    /// Where it leads.
    pub target: Target<'a>,
    /// What is read.
    pub title: Text<'a>,
}
