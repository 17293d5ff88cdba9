//! Which addresses are public: the special-purpose registries as data, and what an address leads to.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

/// The table, one block a line.
const TABLE: &str = include_str!("special_purpose.csv");

/// Where connections may lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// To public addresses alone.
    Public,
    /// To whatever the operator's own name stands for: all but a cloud's metadata service.
    Private,
    /// To the address that the operator wrote as the origin itself.
    Literal,
}

/// What becomes of an address in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Not public.
    Refused,
    /// As public as the IPv4 address inside.
    Inner,
    /// Not public, and nothing that a name may lead to.
    Metadata,
}

/// One line of the table.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) first: IpAddr,
    pub(super) prefix: u32,
    pub(super) verdict: Verdict,
    /// `RFC 1918`, or the cloud whose it is.
    source: &'static str,
    name: &'static str,
}

/// Every block. A test reads it too: a line that does not parse never ships.
pub(super) static BLOCKS: LazyLock<Vec<Block>> = LazyLock::new(|| {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| Block::parse(line).expect("the table is part of the program, and a test reads all of it"))
        .collect()
});

impl Block {
    fn parse(line: &'static str) -> Option<Self> {
        let mut columns = line.splitn(6, ',');
        let (first, prefix) = columns.next()?.split_once('/')?;
        let (_registry, _reachable) = (columns.next()?, columns.next()?);
        let source = columns.next()?;
        let verdict = match columns.next()? {
            "refused" => Verdict::Refused,
            "inner" => Verdict::Inner,
            "metadata" => Verdict::Metadata,
            _ => return None,
        };
        Some(Self { first: first.parse().ok()?, prefix: prefix.parse().ok()?, verdict, source, name: columns.next()? })
    }

    pub(super) fn contains(&self, address: IpAddr) -> bool {
        match (self.first, address) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                (first.to_bits() ^ address.to_bits()).checked_shr(32 - self.prefix).unwrap_or(0) == 0
            }
            (IpAddr::V6(first), IpAddr::V6(address)) => {
                (first.to_bits() ^ address.to_bits()).checked_shr(128 - self.prefix).unwrap_or(0) == 0
            }
            _ => false,
        }
    }

    pub(super) fn is_metadata(&self) -> bool {
        self.verdict == Verdict::Metadata
    }
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.source)
    }
}

/// The block that stands against a connection to `address`; none: it may be made.
pub(super) fn against(address: IpAddr, reach: Reach) -> Option<&'static Block> {
    match reach {
        Reach::Public => special(address),
        Reach::Private => meant(address).find_map(|address| special(address).filter(|block| block.is_metadata())),
        Reach::Literal => None,
    }
}

/// The block that decides about an address that is not public: the narrowest around it, and for the form that is as public
/// as what is inside, that of the inside.
fn special(address: IpAddr) -> Option<&'static Block> {
    let block = BLOCKS.iter().filter(|block| block.contains(address)).max_by_key(|block| block.prefix)?;
    match (block.verdict, address) {
        (Verdict::Inner, IpAddr::V6(address)) => special(IpAddr::V4(last(address))),
        _ => Some(block),
    }
}

/// The address, and each IPv4 address that one of its readings leads to.
pub(super) fn meant(address: IpAddr) -> impl Iterator<Item = IpAddr> {
    let inside = match address {
        IpAddr::V4(_) => Vec::new(),
        IpAddr::V6(address) => inside(address),
    };
    std::iter::once(address).chain(inside.into_iter().map(IpAddr::V4))
}

fn inside(address: Ipv6Addr) -> Vec<Ipv4Addr> {
    let o = address.octets();
    let at = |places: [usize; 4]| Ipv4Addr::from(places.map(|place| o[place]));
    match address.segments() {
        // Compatible, mapped, NAT64.
        [0, 0, 0, 0, 0, 0 | 0xffff, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => vec![last(address)],
        // NAT64 of a network's own, for each length of prefix that fits (RFC 6052, 2.2).
        [0x64, 0xff9b, 1, ..] => {
            vec![at([6, 7, 9, 10]), at([7, 9, 10, 11]), at([9, 10, 11, 12]), last(address)]
        }
        // 6to4.
        [0x2002, ..] => vec![at([2, 3, 4, 5])],
        // Teredo: its server, and its client turned inside out.
        [0x2001, 0, ..] => vec![at([4, 5, 6, 7]), Ipv4Addr::from_bits(!last(address).to_bits())],
        _ => Vec::new(),
    }
}

fn last(address: Ipv6Addr) -> Ipv4Addr {
    let [.., a, b, c, d] = address.octets();
    Ipv4Addr::new(a, b, c, d)
}
