//! Generated pairs of chain and key, each with the verdict that is expected of converge-traefik.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, DistinguishedName, DnType, DnValue,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, KeyPair, KeyUsagePurpose, NameConstraints, date_time_ymd,
};

pub const DOMAIN: &str = "ci.example.org";
/// The time of the judgement of a generated pair.
pub const NOW: &str = "2026-11-21T00:00:00Z";

/// A chain, its key, and the roots that a client has.
#[derive(Debug, Clone)]
pub struct Pair {
    pub name: String,
    pub chain: String,
    pub key: String,
    /// Each alone must be enough.
    pub roots: Vec<String>,
    /// The time of the judgement.
    pub now: String,
    pub verdict: Verdict,
}

/// The verdict that is expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Taken without a word.
    Clean,
    /// Taken with a warning that contains these words.
    Warned(&'static str),
    /// Refused in these words. Go refuses it too.
    Refused(&'static str),
    /// Refused in these words, and Go takes it.
    Stricter(&'static str),
    /// Taken with a warning that contains these words, and Go's client refuses it.
    Laxer(&'static str),
}

use Verdict::{Clean, Laxer, Refused, Stricter, Warned};

type Authority = CertifiedIssuer<'static, KeyPair>;

fn key() -> KeyPair {
    KeyPair::generate().unwrap()
}

fn names(name: impl Into<DnValue>) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

fn authority(name: &str, change: impl FnOnce(&mut CertificateParams)) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.distinguished_name = names(name);
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2040, 1, 1);
    change(&mut params);
    params
}

fn root(name: &str) -> Authority {
    CertifiedIssuer::self_signed(authority(name, |_| ()), key()).unwrap()
}

fn below(issuer: &Authority, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Authority {
    CertifiedIssuer::signed_by(authority(name, change), key(), issuer).unwrap()
}

fn leaf_params() -> CertificateParams {
    let mut params = CertificateParams::new(vec![DOMAIN.to_owned(), format!("*.{DOMAIN}")]).unwrap();
    params.distinguished_name = names("A leaf");
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2027, 2, 11);
    params
}

/// A leaf and its key, both PEM.
fn leaf(issuer: &Authority, change: impl FnOnce(&mut CertificateParams)) -> (String, String) {
    let (mut params, key) = (leaf_params(), key());
    change(&mut params);
    (params.signed_by(&key, issuer).unwrap().pem(), key.serialize_pem())
}

/// The usual chain: root, intermediate, leaf.
struct Usual {
    root: Authority,
    intermediate: Authority,
    leaf: String,
    key: String,
}

fn usual() -> Usual {
    usual_with(|_| (), |_| ())
}

fn usual_with(
    intermediate: impl FnOnce(&mut CertificateParams),
    of_leaf: impl FnOnce(&mut CertificateParams),
) -> Usual {
    let root = root("A root");
    let intermediate = below(&root, "An intermediate", intermediate);
    let (leaf, key) = leaf(&intermediate, of_leaf);
    Usual { root, intermediate, leaf, key }
}

fn pair(name: &str, usual: &Usual, chain: &[&str], verdict: Verdict) -> Pair {
    let roots = vec![usual.root.pem()];
    Pair { name: name.to_owned(), chain: chain.concat(), key: usual.key.clone(), roots, now: NOW.to_owned(), verdict }
}

/// The usual chain, with changed certificates.
fn changed(
    name: &str,
    verdict: Verdict,
    intermediate: impl FnOnce(&mut CertificateParams),
    of_leaf: impl FnOnce(&mut CertificateParams),
) -> Pair {
    let usual = usual_with(intermediate, of_leaf);
    pair(name, &usual, &[&usual.leaf, &usual.intermediate.pem()], verdict)
}

/// Chains in clean text.
pub fn chains() -> Vec<Pair> {
    [composed(), faulty(), twins(), roots()].concat()
}

/// The same certificates, composed in different ways.
fn composed() -> Vec<Pair> {
    let (usual, other) = (usual(), usual());
    let (leaf, intermediate, root) = (usual.leaf.as_str(), &usual.intermediate.pem(), &usual.root.pem());
    let same_name = below(&usual.root, "An intermediate", |_| ()).pem();
    let stray = other.intermediate.pem();
    let damaged = damaged_inside(intermediate);
    let pair = |name, chain: &[&str], verdict| pair(name, &usual, chain, verdict);
    vec![
        pair("leaf, intermediate", &[leaf, intermediate], Clean),
        pair("leaf, intermediate, root", &[leaf, intermediate, root], Warned("is a root")),
        pair("leaf, root, intermediate", &[leaf, root, intermediate], Warned("is a root")),
        pair("leaf alone", &[leaf], Refused("does not contain the issuer")),
        pair("leaf, root", &[leaf, root], Refused("does not contain the issuer")),
        pair("leaf, a stray", &[leaf, &stray], Refused("does not contain the issuer")),
        pair("leaf, intermediate, a stray", &[leaf, intermediate, &stray], Warned("is not needed")),
        pair("leaf, a stray, intermediate", &[leaf, &stray, intermediate], Warned("is not needed")),
        pair("leaf, an intermediate of that name", &[leaf, &same_name], Refused("does not contain the issuer")),
        pair("leaf, one of that name, intermediate", &[leaf, &same_name, intermediate], Warned("is not needed")),
        pair("leaf twice", &[leaf, leaf, intermediate], Warned("is the same as entry 1")),
        pair("intermediate twice", &[leaf, intermediate, intermediate], Warned("is the same as entry 2")),
        pair("intermediate first", &[intermediate, leaf], Refused("is number 2")),
        pair("damaged intermediate", &[leaf, &damaged], Refused("its entry 2 is damaged")),
        pair("a damaged one too many", &[leaf, intermediate, &damaged], Warned("entry 3 of credential")),
        pair("another's chain", &[&other.leaf, &stray], Refused("does not belong to the certificate")),
        pair("with the key", &[leaf, intermediate, &usual.key], Stricter("contains a private key")),
        pair("key first", &[&usual.key, leaf, intermediate], Stricter("contains a private key")),
        pair("nothing", &[], Refused("contains no certificate")),
    ]
}

/// Certificates that clients refuse.
fn faulty() -> Vec<Pair> {
    let none = |_: &mut CertificateParams| ();
    let servers = |params: &mut CertificateParams| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
    };
    let clients = |params: &mut CertificateParams| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    };
    let any = |params: &mut CertificateParams| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any];
    let ended = |params: &mut CertificateParams| params.not_after = date_time_ymd(2026, 11, 20);
    let early = |params: &mut CertificateParams| params.not_before = date_time_ymd(2026, 12, 1);
    let no_authority = |params: &mut CertificateParams| params.is_ca = IsCa::ExplicitNoCa;
    let no_extension = |params: &mut CertificateParams| params.is_ca = IsCa::NoCa;
    let no_signing = |params: &mut CertificateParams| params.key_usages = vec![KeyUsagePurpose::CrlSign];
    let trees = |permitted: &[&str], excluded: &[&str]| {
        let tree = |names: &[&str]| names.iter().map(|name| GeneralSubtree::DnsName((*name).to_owned())).collect();
        let constraints = NameConstraints { permitted_subtrees: tree(permitted), excluded_subtrees: tree(excluded) };
        |params: &mut CertificateParams| params.name_constraints = Some(constraints)
    };
    let critical = |params: &mut CertificateParams| {
        let mut extension = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99999, 1], vec![5, 0]);
        extension.set_criticality(true);
        params.custom_extensions.push(extension);
    };
    let only = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        |params: &mut CertificateParams| {
            params.subject_alt_names = CertificateParams::new(names).unwrap().subject_alt_names;
        }
    };
    vec![
        changed("ends with its issuer", Clean, |params| params.not_after = date_time_ymd(2026, 12, 24), none),
        changed("for servers and clients", Clean, servers, servers),
        changed("for all", Clean, none, any),
        changed("leaf for clients", Refused("is not for servers"), none, clients),
        changed("intermediate for clients", Refused("is not for servers"), clients, none),
        changed("leaf expired", Refused("the certificate expired on 2026-11-20"), none, ended),
        changed("leaf of the future", Refused("is not valid before 2026-12-01"), none, early),
        changed("intermediate expired", Refused("(CN=An intermediate) expired on 2026-11-20"), ended, none),
        changed("intermediate of the future", Refused("is not valid before 2026-12-01"), early, none),
        changed("issuer is no authority", Refused("may not issue certificates"), no_authority, none),
        changed("issuer without constraints", Refused("may not issue certificates"), no_extension, none),
        changed("issuer may not sign", Refused("may not issue certificates"), no_signing, none),
        changed("constrained to it", Clean, trees(&["example.org"], &["other.org"]), none),
        changed("constrained to another", Refused("may not issue for"), trees(&["other.org"], &[]), none),
        changed("excluded", Refused("may not issue for"), trees(&[], &["ci.example.org"]), none),
        changed("unknown critical extension", Refused("critical extension"), none, critical),
        changed("wildcard of the parent", Clean, none, only(&["*.example.org", "*.ci.example.org"])),
        changed("no wildcard", Refused("does not cover *.ci.example.org"), none, only(&[DOMAIN])),
        changed("wildcard alone", Refused("does not cover ci.example.org"), none, only(&["*.ci.example.org"])),
        changed("no name", Refused("it names nothing"), none, only(&[])),
        other_spelling(),
    ]
}

/// The intermediate spells itself in another string type than the leaf spells it.
fn other_spelling() -> Pair {
    let usual = usual();
    let mut params = authority("", |_| ());
    params.distinguished_name = names(DnValue::PrintableString("An intermediate".try_into().unwrap()));
    let spelled = CertificateParams::signed_by(&params, usual.intermediate.key(), &usual.root).unwrap().pem();
    pair("issuer spelled otherwise", &usual, &[&usual.leaf, &spelled], Laxer("spells its issuer in another way"))
}

/// An intermediate with two certificates, from two roots.
fn twins() -> Vec<Pair> {
    let usual = usual();
    let second_root = root("A second root");
    let twin = |change: fn(&mut CertificateParams)| {
        let params = authority("An intermediate", change);
        params.signed_by(usual.intermediate.key(), &second_root).unwrap().pem()
    };
    let (good, ended) = (twin(|_| ()), twin(|params| params.not_after = date_time_ymd(2026, 11, 20)));
    let (leaf, first) = (usual.leaf.as_str(), &usual.intermediate.pem());
    let mut both = pair("both twins", &usual, &[leaf, first, &good], Warned("is a second certificate"));
    both.roots.push(second_root.pem());
    vec![
        both,
        pair("twin expired, last", &usual, &[leaf, first, &ended], Warned("is not needed")),
        pair("twin expired, first", &usual, &[leaf, &ended, first], Warned("is not needed")),
    ]
}

/// Chains of other lengths.
fn roots() -> Vec<Pair> {
    let root = root("A root");
    let (of_root, key_of_root) = leaf(&root, |_| ());
    let (own, own_key) = (leaf_params(), key());
    let own = own.self_signed(&own_key).unwrap().pem();
    let deep = |longest: Option<u8>| {
        let root = self::root("A root");
        let limit = longest.map_or(BasicConstraints::Unconstrained, BasicConstraints::Constrained);
        let first = below(&root, "First", |params| params.is_ca = IsCa::Ca(limit));
        let second = below(&first, "Second", |_| ());
        let (leaf, key) = leaf(&second, |_| ());
        let chain = [leaf, second.pem(), first.pem()].concat();
        let name = format!("two intermediates, {longest:?}");
        Pair { name, chain, key, roots: vec![root.pem()], now: NOW.to_owned(), verdict: Clean }
    };
    let pair = |name: &str, chain: String, key: &str, root: &str, verdict| Pair {
        name: name.to_owned(),
        chain,
        key: key.to_owned(),
        roots: vec![root.to_owned()],
        now: NOW.to_owned(),
        verdict,
    };
    vec![
        pair("of a root, with it", [of_root.as_str(), &root.pem()].concat(), &key_of_root, &root.pem(), Clean),
        pair("of a root, alone", of_root, &key_of_root, &root.pem(), Stricter("does not contain the issuer")),
        pair("issued by itself", own.clone(), &own_key.serialize_pem(), &own, Clean),
        deep(None),
        deep(Some(1)),
        Pair { verdict: Refused("allows fewer certificates below it"), ..deep(Some(0)) },
    ]
}

/// Clean PEM around a damaged certificate.
fn damaged_inside(certificate: &str) -> String {
    certificate.replacen("MII", "AII", 1)
}

/// A name, the flaw that it has (empty for none), and the change of a clean text.
type Spelling = (&'static str, &'static str, fn(&str) -> String);

/// Spellings of a text.
pub fn spellings() -> Vec<Spelling> {
    vec![
        ("CRLF", "", |text| text.replace('\n', "\r\n")),
        ("words around", "", |text| format!("issued for us\n{text}\nkeep it safe\n")),
        ("blank lines", "", |text| text.replace("-----\n-----BEGIN", "-----\n\n-----BEGIN")),
        ("blanks at line ends", "", |text| text.replace('\n', " \n")),
        ("no last line break", "", |text| text.trim_end().to_owned()),
        ("byte order mark", "a byte order mark", |text| format!("\u{feff}{text}")),
        ("byte order marks within", "a byte order mark", |text| text.replace("-----BEGIN", "\u{feff}-----BEGIN")),
        ("indented", "indented lines", |text| format!("    {}", text.replace('\n', "\n    "))),
        ("tab before BEGIN", "indented lines", |text| text.replace("-----BEGIN", "\t-----BEGIN")),
        ("escaped", "written as `\\n`", |text| text.replace('\n', "\\n")),
        ("escaped CRLF", "written as `\\n`", |text| text.replace('\n', "\\r\\n")),
        ("escaped in escaped text", "written as `\\n`", |text| text.replace('\n', "\\\\n")),
        ("quoted and escaped", "written as `\\n`", |text| format!("\"{}\"", text.replace('\n', "\\n"))),
        ("glued", "on the line of a BEGIN", |text| text.replace("-----\n-----BEGIN", "----------BEGIN") + "."),
        ("dash before BEGIN", "on the line of a BEGIN", |text| text.replace("-----BEGIN", "------BEGIN")),
        ("text behind END", "on the line of a BEGIN", |text| text.trim_end().to_owned() + " # mine\n"),
        ("CR alone", "no usual ones", |text| text.replace('\n', "\r")),
        ("no-break blanks", "no usual ones", |text| text.replace('\n', "\u{a0}\n")),
        ("vertical tab", "no usual ones", |text| text.replace('\n', "\u{b}\n")),
        ("zero width", "no usual ones", |text| text.replace("=\n", "=\u{200b}\n").replacen("MI", "M\u{200b}I", 1)),
        ("no padding", "without its padding", |text| text.replace('=', "")),
    ]
}
