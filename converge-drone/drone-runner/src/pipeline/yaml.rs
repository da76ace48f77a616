//! A YAML document as a tree, read as Drone reads it (go-yaml 2): a scalar keeps its text until a type is asked for, `<<`
//! merges, and of a key that occurs twice the last value counts.

mod decode;
mod scalar;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::rc::Rc;

use granit_parser::{Event, Parser, ScalarStyle, Span, StrInput};
pub use scalar::Scalar;

/// A node of the tree. An alias shares the node of its anchor.
#[derive(Debug)]
pub struct Node {
    place: Place,
    content: Content,
    /// True if this node or one below it has an anchor.
    has_anchor: bool,
}

#[derive(Debug)]
enum Content {
    Scalar(Scalar),
    List(Vec<Rc<Node>>),
    Mapping(Mapping),
}

/// A key and its value.
type Entry = (Rc<Node>, Rc<Node>);

#[derive(Debug, Default)]
struct Mapping {
    entries: Vec<Entry>,
    /// The first key that occurs twice, beside those that are merged.
    repeated: Option<(String, Place)>,
}

/// A place in the file; lines and columns begin with 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    line: usize,
    column: usize,
}

/// An error of the text or of its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    message: String,
    place: Option<Place>,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.place.map_or(Ok(()), |place| write!(f, ", line {}, column {}", place.line, place.column))
    }
}

impl std::error::Error for Error {}

impl Error {
    fn new(message: impl Into<String>, place: Place) -> Self {
        Self { message: message.into(), place: Some(place) }
    }

    /// Sets the place, unless a node further below has set it.
    fn at(mut self, place: Place) -> Self {
        self.place.get_or_insert(place);
        self
    }
}

impl Node {
    /// Parses a document that begins after this number of lines of its file; `None` if it is empty.
    pub fn parse(text: &str, lines_before: usize) -> Result<Option<Rc<Self>>, Error> {
        Tree { parser: Parser::new_from_str(text), anchors: BTreeMap::new(), lines_before }.document()
    }

    /// The text of a scalar below this key of a mapping; `None` if there is none, or if it is null.
    pub fn text_of(&self, key: &str) -> Option<&str> {
        let Content::Mapping(mapping) = &self.content else { return None };
        let (_, value) = mapping.entries.iter().find(|(name, _)| name.text() == Some(key))?;
        value.text()
    }

    /// The text of a scalar that is not null.
    fn text(&self) -> Option<&str> {
        let Content::Scalar(scalar) = &self.content else { return None };
        scalar.text()
    }

    fn is_null(&self) -> bool {
        matches!(&self.content, Content::Scalar(scalar) if scalar.text().is_none())
    }

    fn is_merge(&self) -> bool {
        matches!(&self.content, Content::Scalar(scalar) if scalar.is_merge())
    }
}

/// A tree that grows from the parser's events. The parser limits its depth.
struct Tree<'a> {
    parser: Parser<'a, StrInput<'a>>,
    anchors: BTreeMap<usize, Rc<Node>>,
    lines_before: usize,
}

impl<'a> Tree<'a> {
    fn document(mut self) -> Result<Option<Rc<Node>>, Error> {
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(None),
                (Event::DocumentStart(..), _) => break,
                _ => {}
            }
        }
        let (event, span) = self.next()?;
        let node = self.node(event, span)?;
        // Reads the rest: a document must be right to its end.
        while !matches!(self.next()?.0, Event::StreamEnd) {}
        Ok(Some(node))
    }

    fn next(&mut self) -> Result<(Event<'a>, Span), Error> {
        match self.parser.next() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => {
                let place = self.place(error.marker().line(), error.marker().col());
                Err(Error::new(error.info(), place))
            }
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn place(&self, line: usize, column: usize) -> Place {
        Place { line: self.lines_before + line, column: column + 1 }
    }

    fn node(&mut self, event: Event<'a>, span: Span) -> Result<Rc<Node>, Error> {
        let place = self.place(span.start.line(), span.start.col());
        let (anchor, content) = match event {
            Event::Alias(anchor) => {
                let known = self.anchors.get(&anchor).cloned();
                return known.ok_or_else(|| Error::new("an anchor contains itself", place));
            }
            Event::Scalar(text, style, anchor, tag) => {
                let tag = tag.as_ref().map(|tag| format!("{}{}", tag.handle(), tag.suffix()));
                let scalar = Scalar::new(text.into_owned(), matches!(style, ScalarStyle::Plain), tag.as_deref());
                (anchor, Content::Scalar(scalar.map_err(|message| Error::new(message, place))?))
            }
            Event::SequenceStart(_, anchor, _) => (anchor, Content::List(self.list()?)),
            Event::MappingStart(_, anchor, _) => (anchor, Content::Mapping(self.mapping()?)),
            _ => return Err(Error::new("the document is not complete", place)),
        };
        let is_below = match &content {
            Content::Scalar(_) => false,
            Content::List(nodes) => nodes.iter().any(|node| node.has_anchor),
            Content::Mapping(mapping) => mapping.entries.iter().any(|(_, value)| value.has_anchor),
        };
        let node = Rc::new(Node { place, content, has_anchor: anchor != 0 || is_below });
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn list(&mut self) -> Result<Vec<Rc<Node>>, Error> {
        let mut nodes = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(nodes),
                (event, span) => nodes.push(self.node(event, span)?),
            }
        }
    }

    fn mapping(&mut self) -> Result<Mapping, Error> {
        let mut found = Mapping::default();
        // The index of an entry by its key, and true if the key was merged.
        let mut known: HashMap<String, (usize, bool)> = HashMap::new();
        loop {
            let key = match self.next()? {
                (Event::MappingEnd, _) => return Ok(found),
                (event, span) => self.node(event, span)?,
            };
            let (event, span) = self.next()?;
            let value = self.node(event, span)?;
            let is_merge = key.is_merge();
            let entries = if is_merge { merged(&value)? } else { vec![(key, value)] };
            for (key, value) in entries {
                let text = key.text().map(str::to_owned);
                if let Some((index, was_merged)) = text.as_ref().and_then(|text| known.get(text).copied()) {
                    if !is_merge && !was_merged {
                        found.repeated.get_or_insert((text.unwrap_or_default(), key.place));
                    }
                    found.entries[index] = (key, value);
                } else {
                    let index = found.entries.len();
                    found.entries.push((key, value));
                    known.extend(text.map(|text| (text, (index, is_merge))));
                }
            }
        }
    }
}

/// The entries of a merged mapping, or of a list of them, of which earlier ones count more.
fn merged(value: &Node) -> Result<Vec<Entry>, Error> {
    let entries = |node: &Node| match &node.content {
        Content::Mapping(mapping) => Ok(mapping.entries.clone()),
        _ => Err(Error::new("`<<` merges a mapping, or a list of mappings, and nothing else", node.place)),
    };
    match &value.content {
        Content::List(nodes) => {
            let all: Result<Vec<_>, Error> = nodes.iter().rev().map(|node| entries(node)).collect();
            Ok(all?.concat())
        }
        _ => entries(value),
    }
}

#[cfg(test)]
mod tests;
