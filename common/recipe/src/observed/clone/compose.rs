//! The replicas that a compose file declares. Reads mappings, anchors and `<<`; leaves everything else to abra.

use std::collections::BTreeMap;
use std::rc::Rc;

use granit_parser::{Event, Parser, StrInput};

/// A node of the file. An alias shares the node of its anchor.
#[derive(Debug)]
enum Node {
    Scalar(String),
    List(Vec<Rc<Node>>),
    Mapping(Vec<(String, Rc<Node>)>),
}

/// The number of replicas of each service, if it has one. Nothing of a file that is no YAML.
pub(super) fn replicas(compose: &str) -> BTreeMap<String, Option<u64>> {
    let mut tree = Tree { parser: Parser::new_from_str(compose), anchors: BTreeMap::new() };
    let services = tree.document().and_then(|document| document.get("services").cloned());
    let Some(Node::Mapping(services)) = services.as_deref() else { return BTreeMap::new() };
    let number = |service: &Rc<Node>| match service.get("deploy")?.get("replicas")?.as_ref() {
        Node::Scalar(number) => number.parse().ok(),
        _ => None,
    };
    services.iter().map(|(name, service)| (name.clone(), number(service))).collect()
}

impl Node {
    /// The value of a key, the last one of several, else of a mapping that is merged.
    fn get(&self, key: &str) -> Option<&Rc<Self>> {
        let Self::Mapping(entries) = self else { return None };
        let of = |wanted: &str| entries.iter().rev().find(|(name, _)| name == wanted).map(|(_, value)| value);
        of(key).or_else(|| match of("<<")?.as_ref() {
            Self::List(merged) => merged.iter().find_map(|merged| merged.get(key)),
            merged => merged.get(key),
        })
    }
}

/// A tree that grows from the parser's events. The parser limits its depth.
struct Tree<'a> {
    parser: Parser<'a, StrInput<'a>>,
    anchors: BTreeMap<usize, Rc<Node>>,
}

impl<'a> Tree<'a> {
    fn document(&mut self) -> Option<Rc<Node>> {
        while !matches!(self.next()?, Event::DocumentStart(..)) {}
        let event = self.next()?;
        let document = self.node(event)?;
        // An error further below makes the whole file none.
        while !matches!(self.next()?, Event::StreamEnd) {}
        Some(document)
    }

    fn next(&mut self) -> Option<Event<'a>> {
        self.parser.next()?.ok().map(|(event, _)| event)
    }

    fn node(&mut self, event: Event<'a>) -> Option<Rc<Node>> {
        let (anchor, node) = match event {
            Event::Alias(anchor) => return self.anchors.get(&anchor).cloned(),
            Event::Scalar(text, _, anchor, _) => (anchor, Node::Scalar(text.into_owned())),
            Event::SequenceStart(_, anchor, _) => {
                let mut nodes = Vec::new();
                loop {
                    match self.next()? {
                        Event::SequenceEnd => break (anchor, Node::List(nodes)),
                        event => nodes.push(self.node(event)?),
                    }
                }
            }
            Event::MappingStart(_, anchor, _) => {
                let mut entries = Vec::new();
                loop {
                    let key = match self.next()? {
                        Event::MappingEnd => break (anchor, Node::Mapping(entries)),
                        event => self.node(event)?,
                    };
                    let event = self.next()?;
                    let value = self.node(event)?;
                    if let Node::Scalar(key) = key.as_ref() {
                        entries.push((key.clone(), value));
                    }
                }
            }
            _ => return None,
        };
        let node = Rc::new(node);
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Some(node)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_declared_numbers_of_replicas_count() {
        let compose = "version: '3.8'\nx-a: &off\n  replicas: 0\nservices:\n  app:\n    image: x\n    ports: [80, {a: b}]\n  \
                       job:\n    deploy:\n      replicas: 0\n  other:\n    deploy: *off\n  merged:\n    deploy:\n      \
                       <<: *off\n      mode: replicated\n  two:\n    deploy:\n      <<: [*off]\n      replicas: 2\n";
        let expected = [("app", None), ("job", Some(0)), ("other", Some(0)), ("merged", Some(0)), ("two", Some(2))];
        assert_eq!(replicas(compose), expected.map(|(name, number)| (name.to_owned(), number)).into());
        for compose in ["a: [b", "", "services: 3\n", "services:\n  app: {deploy: {replicas: 0}}\n broken"] {
            assert_eq!(replicas(compose), BTreeMap::new(), "{compose:?}");
        }
    }
}
