use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A name: its labels, in lower case, without the root's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name(Vec<Vec<u8>>);

/// What can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    A,
    Aaaa,
    Ns,
    Txt,
}

impl Kind {
    fn number(self) -> u16 {
        match self {
            Self::A => 1,
            Self::Ns => 2,
            Self::Txt => 16,
            Self::Aaaa => 28,
        }
    }
}

/// The class that everything here is of.
const INTERNET: u16 = 1;
const ALIAS: u16 = 5;
const LONGEST_NAME: usize = 255;

impl Name {
    /// Reads a name as it is written, if it can be one.
    pub(super) fn new(text: &str) -> Option<Self> {
        let labels: Vec<_> = text
            .split('.')
            .map(|label| label.to_ascii_lowercase().into_bytes())
            .collect();
        let name = Self(labels);
        let fits = |label: &Vec<u8>| (1..=63).contains(&label.len());
        (name.0.iter().all(fits) && name.length() <= LONGEST_NAME).then_some(name)
    }

    /// The name, and those above it that have two labels at least.
    pub(super) fn and_those_above(&self) -> impl Iterator<Item = Self> {
        let last = self.0.len().saturating_sub(1);
        (0..last).map(|first| Self(self.0[first..].to_vec()))
    }

    fn length(&self) -> usize {
        self.0.iter().map(|label| label.len() + 1).sum::<usize>() + 1
    }

    fn write(&self, message: &mut Vec<u8>) {
        for label in &self.0 {
            message.push(u8::try_from(label.len()).unwrap_or(u8::MAX));
            message.extend(label);
        }
        message.push(0);
    }
}

/// A question as it is sent.
pub(super) fn query(id: u16, name: &Name, kind: Kind, recursive: bool) -> Vec<u8> {
    let mut message = Vec::new();
    let flags: u16 = if recursive { 0x0100 } else { 0 };
    for number in [id, flags, 1, 0, 0, 0] {
        message.extend(number.to_be_bytes());
    }
    name.write(&mut message);
    for number in [kind.number(), INTERNET] {
        message.extend(number.to_be_bytes());
    }
    message
}

/// What is understood of an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reply {
    /// Whether the name is there; nothing if the server failed, or wouldn't say.
    pub(super) exists: Option<bool>,
    /// Whether the server is one of the zone's.
    pub(super) authoritative: bool,
    pub(super) answers: Vec<Record>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) owner: Name,
    pub(super) data: Data,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Data {
    Address(IpAddr),
    Server(Name),
    Alias(Name),
    /// The strings of a TXT record, one after the other.
    Text(Vec<u8>),
    /// What isn't asked for here.
    Other,
}

impl Reply {
    /// Reads the answer to a question. `None`: it isn't one, or can't be read.
    pub(super) fn read(message: &[u8], id: u16, name: &Name, kind: Kind) -> Option<Self> {
        let mut reader = Reader { message, at: 0 };
        let (its_id, flags) = (reader.u16()?, reader.u16()?);
        let (questions, answers) = (reader.u16()?, reader.u16()?);
        reader.skip(4)?;
        let is_answer = flags & 0xf800 == 0x8000 && its_id == id && questions == 1;
        let truncated = flags & 0x0200 != 0;
        if !is_answer || truncated {
            return None;
        }
        let asked = (reader.name()?, reader.u16()?, reader.u16()?);
        if asked != (name.clone(), kind.number(), INTERNET) {
            return None;
        }
        let mut records = Vec::new();
        for _ in 0..answers {
            records.push(reader.record()?);
        }
        Some(Self {
            exists: match flags & 0x000f {
                0 => Some(true),
                3 => Some(false),
                _ => None,
            },
            authoritative: flags & 0x0400 != 0,
            answers: records,
        })
    }
}

struct Reader<'m> {
    message: &'m [u8],
    at: usize,
}

impl<'m> Reader<'m> {
    fn bytes(&mut self, count: usize) -> Option<&'m [u8]> {
        let end = self.at.checked_add(count)?;
        let bytes = self.message.get(self.at..end)?;
        self.at = end;
        Some(bytes)
    }

    fn skip(&mut self, count: usize) -> Option<()> {
        self.bytes(count).map(drop)
    }

    fn u8(&mut self) -> Option<u8> {
        self.bytes(1)?.first().copied()
    }

    fn u16(&mut self) -> Option<u16> {
        self.bytes(2)?.try_into().ok().map(u16::from_be_bytes)
    }

    /// A name, which may go on at an earlier place of the message.
    fn name(&mut self) -> Option<Name> {
        let (mut labels, mut length, mut after) = (Vec::new(), 1, None);
        loop {
            let begin = self.at;
            let label = match self.u8()? {
                0 => break,
                count @ 1..=63 => self.bytes(count.into())?,
                pointer @ 0xc0.. => {
                    let low = self.u8()?;
                    after = after.or(Some(self.at));
                    let there = usize::from(u16::from_be_bytes([pointer & 0x3f, low]));
                    // Always further back, so it ends.
                    if there >= begin {
                        return None;
                    }
                    self.at = there;
                    continue;
                }
                _ => return None,
            };
            length += label.len() + 1;
            if length > LONGEST_NAME {
                return None;
            }
            labels.push(label.to_ascii_lowercase());
        }
        if let Some(after) = after {
            self.at = after;
        }
        Some(Name(labels))
    }

    fn record(&mut self) -> Option<Record> {
        let owner = self.name()?;
        let (kind, class) = (self.u16()?, self.u16()?);
        self.skip(4)?;
        let length = usize::from(self.u16()?);
        let begin = self.at;
        let data = self.bytes(length)?;
        let data = match kind {
            _ if class != INTERNET => Data::Other,
            1 => Data::Address(Ipv4Addr::from(<[u8; 4]>::try_from(data).ok()?).into()),
            28 => Data::Address(Ipv6Addr::from(<[u8; 16]>::try_from(data).ok()?).into()),
            2 => Data::Server(self.name_at(begin, length)?),
            ALIAS => Data::Alias(self.name_at(begin, length)?),
            16 => Data::Text(strings(data)?),
            _ => Data::Other,
        };
        Some(Record { owner, data })
    }

    /// The name that is all of a record's data.
    fn name_at(&self, begin: usize, length: usize) -> Option<Name> {
        let mut reader = Reader {
            message: self.message,
            at: begin,
        };
        let name = reader.name()?;
        (reader.at == begin + length).then_some(name)
    }
}

fn strings(mut data: &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    while let Some((count, rest)) = data.split_first() {
        let (string, rest) = rest.split_at_checked(usize::from(*count))?;
        text.extend(string);
        data = rest;
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    /// An answer with one TXT record, its owner by a pointer to the question's name.
    fn answer() -> Vec<u8> {
        let mut message = query(7, &name("_tenantry.shop.example.com"), Kind::Txt, true);
        message[2] = 0x84;
        message[7] = 1;
        message.extend([
            0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60, 0, 7, 2, b'a', b'b', 3, b'c', b'd', b'e',
        ]);
        message
    }

    fn read(message: &[u8]) -> Option<Reply> {
        Reply::read(message, 7, &name("_tenantry.SHOP.example.com"), Kind::Txt)
    }

    #[test]
    fn an_answer_is_read_with_its_strings_joined() {
        let reply = read(&answer()).unwrap();
        let owner = name("_tenantry.shop.example.com");
        let data = Data::Text(b"abcde".to_vec());
        assert_eq!(reply.answers, [Record { owner, data }]);
        assert_eq!((reply.exists, reply.authoritative), (Some(true), true));
    }

    #[test]
    fn an_answer_to_another_question_is_none() {
        let whole = answer();
        let other = name("_tenantry.shop.example.org");
        assert_eq!(
            Reply::read(&whole, 8, &name("_tenantry.shop.example.com"), Kind::Txt),
            None
        );
        assert_eq!(Reply::read(&whole, 7, &other, Kind::Txt), None);
        assert_eq!(
            Reply::read(&whole, 7, &name("_tenantry.shop.example.com"), Kind::A),
            None
        );
        let question = query(7, &name("_tenantry.shop.example.com"), Kind::Txt, true);
        assert_eq!(read(&question), None, "a question is no answer");
    }

    #[test]
    fn nothing_that_is_sent_is_more_than_unreadable() {
        let whole = answer();
        for end in 0..whole.len() {
            assert_eq!(read(&whole[..end]), None, "{end}");
        }
        // Each byte as each value: read or refused, and never a panic or a circle.
        for at in 0..whole.len() {
            for value in 0..=u8::MAX {
                let mut message = whole.clone();
                message[at] = value;
                let _ = read(&message);
            }
        }
    }

    #[test]
    fn a_name_that_points_at_itself_or_forward_is_refused() {
        for (high, low) in [(0xc0, 44), (0xc0, 46), (0xff, 0xff)] {
            let mut message = answer();
            let owner = query(7, &name("_tenantry.shop.example.com"), Kind::Txt, true).len();
            (message[owner], message[owner + 1]) = (high, low);
            assert_eq!(read(&message), None, "{high} {low}");
        }
    }

    #[test]
    fn names_have_labels_that_fit() {
        for refused in [
            "",
            "a..b",
            ".a",
            "a.",
            &"a".repeat(64),
            &["a"; 130].join("."),
        ] {
            assert_eq!(Name::new(refused), None, "{refused}");
        }
        let above: Vec<_> = name("a.b.c.d").and_those_above().collect();
        assert_eq!(above, ["a.b.c.d", "b.c.d", "c.d"].map(name));
    }
}
