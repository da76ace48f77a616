//! Generated `.env` files and values: every construct of the grammar beside every other.

use fastrand::Rng;

/// What a value is made of.
const PIECES: &[&str] = &[
    "a", "B", "x y", " ", "\t", "\u{a0}", "\u{85}", "\u{2003}", "é", "\\", "\\\\", "\"", "'", "#", " #", "# ", "$",
    "$A", "${B}", "${B", "$(A)", "$a", "\\$A", "\\n", "\\r", "\\\"", "\\'", "=", ":", "{", "}", "(", "_", "`", "1",
    "\u{b}", "\u{c}",
];
/// What a file has beside.
const BETWEEN: &[&str] = &[
    "\n",
    "\n",
    "\n",
    "\r\n",
    "\r",
    "A=",
    "B=",
    "_C1 = ",
    "D.e: ",
    "export A=",
    "export B=",
    "exportB=",
    "export\t",
    "#",
    "\n#A=1\n",
    "A='",
    "B=\"",
    "\"\n",
    "'\n",
    "-",
    "Ã=",
];
/// Whole definitions, each read by every version alike.
const DEFINITIONS: &[&str] = &[
    "A=1\n",
    "B=\"two words\" # length=3\n",
    "export C='x'\n",
    "D: y\n",
    "\n# comment\n",
    "E=\"one\ntwo\"\n",
    "A=\r\n",
    "F=\"a\\nb\"\n",
    "G='$A' # a # b\n",
    "H=$A$B\n",
];
/// The key that is set, as a file may have it before.
const KEYS: &[&str] = &[
    "",
    "KEY=1\n",
    "KEY=\"1\" # length=3\n",
    "KEY='1'\n",
    "export KEY = 1\r\n",
    "KEY: 1 # a\n",
    "KEY=\n",
    "KEY=\"1\n2\"\n",
    "KEY='1'A=2\n",
    "KEY=0\nKEY=\"1\"# a\n",
];

pub struct Generator(Rng);

impl Generator {
    /// The same files in every run.
    pub fn new() -> Self {
        Self(Rng::with_seed(7))
    }

    /// Any file. It ends its last line: godotenv takes a last line without a separator for a value without a name.
    pub fn file(&mut self) -> Vec<u8> {
        let mut file = Vec::new();
        for _ in 0..self.0.usize(1..12) {
            let piece = match self.0.u8(0..10) {
                0..=3 => self.pick(PIECES),
                4..=6 => self.pick(BETWEEN),
                _ => self.pick(DEFINITIONS),
            };
            file.extend_from_slice(piece.as_bytes());
            if self.0.u8(0..40) == 0 {
                file.push(self.0.u8(0x80..));
            }
        }
        file.push(b'\n');
        file
    }

    /// A file of definitions that can be read, with one of `KEY` or none.
    pub fn definitions(&mut self) -> Vec<u8> {
        let mut file = String::new();
        for _ in 0..self.0.usize(0..4) {
            file += self.pick(DEFINITIONS);
        }
        file += self.pick(KEYS);
        for _ in 0..self.0.usize(0..3) {
            file += self.pick(DEFINITIONS);
        }
        file.into_bytes()
    }

    /// Any value, of several lines too.
    pub fn value(&mut self) -> String {
        let mut value = String::new();
        for _ in 0..self.0.usize(0..7) {
            value += if self.0.u8(0..12) == 0 { self.pick(&["\n", "\r\n", "\r"]) } else { self.pick(PIECES) };
        }
        value
    }

    fn pick(&mut self, from: &[&'static str]) -> &'static str {
        from[self.0.usize(..from.len())]
    }
}
