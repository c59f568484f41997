//! The tokens of JSON.

use super::error::{JsonError, Problem, Result};
use super::numbers;

/// Objects and lists may be nested this deep. OTLP's own are 14, and each level of an attribute's value has up to four.
pub(super) const MAX_DEPTH: usize = 128;

/// Where we are in a text that is UTF-8.
#[derive(Debug)]
pub(super) struct Lexer<'a> {
    text: &'a [u8],
    at: usize,
    depth: usize,
}

/// A string as it stands between its quotes. Its escape sequences are known to be right.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text<'a> {
    raw: &'a [u8],
    escaped: bool,
}

impl<'a> Text<'a> {
    /// Its bytes; `scratch` has them if it has escape sequences.
    #[inline]
    pub(super) fn bytes<'b>(self, scratch: &'b mut Vec<u8>) -> &'b [u8]
    where
        'a: 'b,
    {
        if self.escaped {
            self.unescape(scratch);
            scratch
        } else {
            self.raw
        }
    }

    fn unescape(self, scratch: &mut Vec<u8>) {
        scratch.clear();
        let mut rest = self.raw;
        loop {
            let (plain, escape) = rest.split_at(plain_length(rest));
            scratch.extend_from_slice(plain);
            let Ok((character, length)) = unescaped(escape) else {
                break;
            };
            scratch.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            rest = &escape[length..];
        }
    }
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a [u8]) -> Result<Self> {
        match std::str::from_utf8(text) {
            Ok(_) => Ok(Self {
                text,
                at: 0,
                depth: 0,
            }),
            Err(error) => Err(JsonError::new(error.valid_up_to(), Problem::Utf8)),
        }
    }

    /// Where the next token begins, if [`Lexer::peek`] was called.
    pub(super) fn offset(&self) -> usize {
        self.at
    }

    /// The first byte of the next token.
    #[inline]
    pub(super) fn peek(&mut self) -> Option<u8> {
        loop {
            match self.text.get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                other => return other.copied(),
            }
        }
    }

    #[cold]
    pub(super) fn error(&self, problem: Problem) -> JsonError {
        JsonError::new(self.at, problem)
    }

    #[inline]
    fn token(&mut self, byte: u8, expected: &'static str) -> Result<()> {
        if self.peek() == Some(byte) {
            self.at += 1;
            Ok(())
        } else {
            Err(self.error(Problem::Expected(expected)))
        }
    }

    /// Enters an object or a list. Whether there is anything in it.
    #[inline]
    pub(super) fn enter(&mut self, brackets: Brackets) -> Result<bool> {
        let (open, close, expected) = match brackets {
            Brackets::Object => (b'{', b'}', "an object"),
            Brackets::List => (b'[', b']', "a list"),
        };
        self.token(open, expected)?;
        if self.peek() == Some(close) {
            self.at += 1;
            return Ok(false);
        }
        if self.depth == MAX_DEPTH {
            return Err(self.error(Problem::TooDeep));
        }
        self.depth += 1;
        Ok(true)
    }

    /// Behind an element. Whether another one follows; if not, the object or list is left.
    #[inline]
    pub(super) fn another(&mut self, brackets: Brackets) -> Result<bool> {
        let (close, expected) = match brackets {
            Brackets::Object => (b'}', "a comma or }"),
            Brackets::List => (b']', "a comma or ]"),
        };
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                Ok(true)
            }
            Some(byte) if byte == close => {
                self.at += 1;
                self.depth -= 1;
                Ok(false)
            }
            _ => Err(self.error(Problem::Expected(expected))),
        }
    }

    /// The name of a member of an object, and the colon behind it.
    #[inline]
    pub(super) fn name(&mut self) -> Result<Text<'a>> {
        let name = self.string("the name of a field")?;
        self.token(b':', "a colon")?;
        Ok(name)
    }

    #[inline]
    pub(super) fn string(&mut self, expected: &'static str) -> Result<Text<'a>> {
        self.token(b'"', expected)?;
        let start = self.at;
        let mut escaped = false;
        loop {
            self.at += plain_length(&self.text[self.at..]);
            match self.text.get(self.at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    let escape = unescaped(&self.text[self.at..]);
                    self.at += escape.map_err(|problem| self.error(problem))?.1;
                    escaped = true;
                }
                Some(_) => return Err(self.error(Problem::ControlCharacter)),
                None => return Err(self.error(Problem::Expected("the end of a string"))),
            }
        }
        let raw = &self.text[start..self.at];
        self.at += 1;
        Ok(Text { raw, escaped })
    }

    #[inline]
    pub(super) fn number(&mut self, expected: &'static str) -> Result<&'a [u8]> {
        self.peek();
        let rest = &self.text[self.at..];
        let length = numbers::length(rest);
        if length == 0 {
            return Err(self.error(Problem::Expected(expected)));
        }
        self.at += length;
        Ok(&rest[..length])
    }

    pub(super) fn boolean(&mut self) -> Result<bool> {
        if self.peek() == Some(b't') {
            self.word("true", "true or false").map(|()| true)
        } else {
            self.word("false", "true or false").map(|()| false)
        }
    }

    /// Whether there is a `null` in place of a value.
    #[inline]
    pub(super) fn null(&mut self) -> Result<bool> {
        if self.peek() == Some(b'n') {
            self.word("null", "a value").map(|()| true)
        } else {
            Ok(false)
        }
    }

    fn word(&mut self, word: &str, expected: &'static str) -> Result<()> {
        if !self.text[self.at..].starts_with(word.as_bytes()) {
            return Err(self.error(Problem::Expected(expected)));
        }
        self.at += word.len();
        Ok(())
    }

    /// Steps over a value of any kind.
    pub(super) fn skip(&mut self) -> Result<()> {
        match self.peek() {
            Some(b'{') => {
                let mut more = self.enter(Brackets::Object)?;
                while more {
                    self.name()?;
                    self.skip()?;
                    more = self.another(Brackets::Object)?;
                }
                Ok(())
            }
            Some(b'[') => {
                let mut more = self.enter(Brackets::List)?;
                while more {
                    self.skip()?;
                    more = self.another(Brackets::List)?;
                }
                Ok(())
            }
            Some(b'"') => self.string("a string").map(drop),
            Some(b't' | b'f') => self.boolean().map(drop),
            Some(b'n') => self.null().map(drop),
            _ => self.number("a value").map(drop),
        }
    }

    /// Behind the value that is the whole text.
    pub(super) fn end(&mut self) -> Result<()> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.error(Problem::Expected("the end of the text"))),
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Brackets {
    Object,
    List,
}

/// How many bytes from the start on stand for themselves in a string. Eight are looked at together.
#[inline]
fn plain_length(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHEST: u64 = 0x8080_8080_8080_8080;
    /// Has the highest bit of each byte below `limit`; of those above the first one that is, perhaps of others too.
    const fn below(word: u64, limit: u64) -> u64 {
        word.wrapping_sub(ONES * limit) & !word & HIGHEST
    }
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let quote = below(word ^ (ONES * u64::from(b'"')), 1);
        let backslash = below(word ^ (ONES * u64::from(b'\\')), 1);
        let special = quote | backslash | below(word, 0x20);
        if special != 0 {
            return index * 8 + special.trailing_zeros() as usize / 8;
        }
    }
    let special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
    words.len() * 8 + rest.iter().position(special).unwrap_or(rest.len())
}

/// The character that an escape sequence stands for, and the length of the sequence.
fn unescaped(escape: &[u8]) -> std::result::Result<(char, usize), Problem> {
    let character = match escape {
        [b'\\', b'u', digits @ ..] => return unescaped_unit(digits),
        [b'\\', character @ (b'"' | b'\\' | b'/'), ..] => char::from(*character),
        [b'\\', b'b', ..] => '\u{8}',
        [b'\\', b'f', ..] => '\u{c}',
        [b'\\', b'n', ..] => '\n',
        [b'\\', b'r', ..] => '\r',
        [b'\\', b't', ..] => '\t',
        _ => return Err(Problem::Escape),
    };
    Ok((character, 2))
}

/// The same of `\u`, by what stands behind it: a character beyond the first 65,536 has two of them.
fn unescaped_unit(digits: &[u8]) -> std::result::Result<(char, usize), Problem> {
    let unit = unit(digits)?;
    if let Some(character) = char::from_u32(unit) {
        return Ok((character, 6));
    }
    let low = match digits.get(4..) {
        Some([b'\\', b'u', digits @ ..]) => self::unit(digits)?,
        _ => return Err(Problem::Surrogate),
    };
    match (unit, low) {
        (0xd800..0xdc00, 0xdc00..0xe000) => {
            let character = 0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
            Ok((char::from_u32(character).ok_or(Problem::Surrogate)?, 12))
        }
        _ => Err(Problem::Surrogate),
    }
}

/// Four hexadecimal digits.
fn unit(digits: &[u8]) -> std::result::Result<u32, Problem> {
    let digits = digits.first_chunk::<4>().ok_or(Problem::Escape)?;
    digits.iter().try_fold(0, |unit, digit| {
        let digit = char::from(*digit).to_digit(16).ok_or(Problem::Escape)?;
        Ok(unit << 4 | digit)
    })
}
