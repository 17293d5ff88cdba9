//! Addresses in URLs.

use super::super::address::{BLOCKS, Block, Reach, Verdict, against};
use super::super::loopback::{Loopback, Manner};
use super::{Egress, Rule, Sentinel, get, naive, rule, send, spelling};
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use url::Url;

/// Public addresses, most of them next to a block that is not.
const PUBLIC: &[&str] = &[
    "1.0.0.0",
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "168.63.129.15",
    "168.63.129.17",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "191.255.255.255",
    "192.0.1.0",
    "192.0.1.255",
    "192.0.3.0",
    "192.31.195.255",
    "192.31.197.0",
    "192.52.192.255",
    "192.52.194.0",
    "192.88.98.255",
    "192.88.100.0",
    "192.167.255.255",
    "192.169.0.0",
    "192.175.47.255",
    "192.175.49.0",
    "198.17.255.255",
    "198.20.0.0",
    "198.51.99.255",
    "198.51.101.0",
    "203.0.112.255",
    "203.0.114.0",
    "223.255.255.255",
    "2000::",
    "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "2001:200::",
    "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
    "2001:db9::",
    "2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "2003::",
    "2400:cb00:2048::1",
    "2606:4700:4700::1111",
    "2620:4f:7fff:ffff:ffff:ffff:ffff:ffff",
    "2620:4f:8001::",
    "2a00:1450:4001::200e",
    "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "3fff:1000::",
    "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    // What a network with IPv6 alone calls 8.8.8.8, and the edges of private use in that form.
    "64:ff9b::808:808",
    "64:ff9b::9ff:ffff",
    "64:ff9b::b00:0",
];

/// The first, the middle and the last address of a block.
pub(super) fn samples(block: &Block) -> Vec<IpAddr> {
    let within = |first: u128, length: u32, to: &dyn Fn(u128) -> IpAddr| {
        let size = 1_u128.checked_shl(length - block.prefix).unwrap_or(0).wrapping_sub(1);
        [first, first + size / 2 + size % 2, first + size].map(to).to_vec()
    };
    let samples = match block.first {
        IpAddr::V4(first) => within(u128::from(first.to_bits()), 32, &|bits| {
            Ipv4Addr::from_bits(u32::try_from(bits).expect("inside of a block")).into()
        }),
        IpAddr::V6(first) => within(first.to_bits(), 128, &|bits| Ipv6Addr::from_bits(bits).into()),
    };
    BTreeSet::from_iter(samples).into_iter().collect()
}

/// Three addresses of every block that is refused whole.
pub(super) fn refused() -> BTreeSet<IpAddr> {
    BLOCKS
        .iter()
        .filter(|block| block.verdict != Verdict::Inner)
        .flat_map(samples)
        .filter(|address| !is_public(*address))
        .collect()
}

/// `::/8` and its like hold the one form that is as public as what is inside.
fn is_public(address: IpAddr) -> bool {
    PUBLIC.iter().any(|public| public.parse() == Ok(address))
}

/// Every spelling of each.
pub(super) fn spelled() -> BTreeSet<String> {
    refused().into_iter().flat_map(spelling::all).collect()
}

#[test]
fn every_line_of_the_table_is_a_block_and_none_stands_twice() {
    let mut seen = BTreeSet::new();
    for block in BLOCKS.iter() {
        assert!(seen.insert((block.first, block.prefix)), "{}/{} twice", block.first, block.prefix);
        let first = samples(block)[0];
        assert_eq!(first, block.first, "{}/{} does not begin where its prefix does", block.first, block.prefix);
        let aligned = match block.first {
            IpAddr::V4(first) => first.to_bits().trailing_zeros() >= 32 - block.prefix,
            IpAddr::V6(first) => first.to_bits().trailing_zeros() >= 128 - block.prefix,
        };
        assert!(aligned, "{}/{} has bits behind its prefix", block.first, block.prefix);
        assert!(samples(block).iter().all(|address| block.contains(*address)));
    }
    assert!(seen.len() > 60, "{}", seen.len());
}

#[tokio::test]
async fn no_spelling_of_an_address_that_is_not_public_reaches_anything() {
    let (sentinel, egress) = (Sentinel::start().await, Egress::new());
    for host in spelled() {
        let url = format!("http://{host}:{}/", sentinel.port());
        let grant = naive(&url, false).unwrap_or_else(|| panic!("{url} is a URL"));
        assert_eq!(rule(&url, send(&egress, &url, &[grant]).await), Some(Rule::Address), "{url}");
        // Granted to nobody, it does not come as far as its address.
        let url = format!("https://{host}/");
        assert_eq!(rule(&url, send(&egress, &url, &[]).await), Some(Rule::Origin), "{url}");
    }
    assert!(sentinel.is_untouched().await);
}

#[test]
fn no_public_address_is_refused_in_any_spelling() {
    let egress = Egress::new();
    let public: Vec<IpAddr> = PUBLIC.iter().map(|public| public.parse().unwrap()).collect();
    for address in public {
        assert!(against(address, Reach::Public).is_none(), "{address}");
        for host in spelling::own(address) {
            let url = format!("https://{host}/");
            let cleared = egress.clear(get(&url), &[naive(&url, false).unwrap()], &[], 0);
            assert!(cleared.is_ok(), "{url}: {:?}", cleared.err());
        }
    }
}

#[test]
fn what_lies_next_to_a_block_is_public_unless_another_block_has_it() {
    let beside = |address: IpAddr, up: bool| -> Option<IpAddr> {
        match address {
            IpAddr::V4(at) => {
                let bits = if up { at.to_bits().checked_add(1) } else { at.to_bits().checked_sub(1) };
                bits.map(|bits| Ipv4Addr::from_bits(bits).into())
            }
            IpAddr::V6(at) => {
                let bits = if up { at.to_bits().checked_add(1) } else { at.to_bits().checked_sub(1) };
                bits.map(|bits| Ipv6Addr::from_bits(bits).into())
            }
        }
    };
    let mut open = 0;
    for block in BLOCKS.iter() {
        let samples = samples(block);
        let edges = [beside(samples[0], false), beside(*samples.last().unwrap(), true)];
        for address in edges.into_iter().flatten() {
            let elsewhere = BLOCKS.iter().any(|other| other.contains(address));
            assert!(elsewhere || against(address, Reach::Public).is_none(), "{address}");
            open += usize::from(!elsewhere);
        }
    }
    assert!(open > 30, "{open}");
}

/// The standard library knows some of the registries by itself: what it calls special is never public here.
#[test]
fn the_standard_library_agrees() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for _ in 0..200_000 {
        let four = Ipv4Addr::from_bits((random() >> 32) as u32);
        let special = four.is_private()
            || four.is_loopback()
            || four.is_link_local()
            || four.is_broadcast()
            || four.is_documentation()
            || four.is_multicast()
            || four.octets()[0] == 0;
        assert!(!special || against(four.into(), Reach::Public).is_some(), "{four}");
        let inside = "64:ff9b::".parse::<Ipv6Addr>().unwrap().to_bits() | u128::from(four.to_bits());
        let inside = against(Ipv6Addr::from_bits(inside).into(), Reach::Public).is_some();
        assert_eq!(inside, against(four.into(), Reach::Public).is_some(), "{four} behind NAT64");
        let six = Ipv6Addr::from_bits(u128::from(random()) << 64 | u128::from(random()));
        let special = six.is_loopback() || six.is_multicast() || six.is_unique_local() || six.is_unicast_link_local();
        assert!(!special || against(six.into(), Reach::Public).is_some(), "{six}");
    }
}

#[tokio::test]
async fn what_is_granted_as_private_is_reached_and_this_host_s_own_listeners_never_are() {
    let provider = Loopback::start(Manner::status(200, "")).await;
    let port = Url::parse(&provider.origin).unwrap().port().unwrap();
    let loopback: IpAddr = "127.0.0.1".parse().unwrap();
    let egress = Egress::new();
    let hosts: Vec<String> = spelling::own(loopback);
    for host in &hosts {
        let url = format!("http://{host}:{port}/");
        let answer = send(&egress, &url, &[naive(&url, true).unwrap()]).await;
        assert_eq!(answer.unwrap().status, 200, "{url}");
    }
    assert_eq!(provider.seen().len(), hosts.len());

    egress.listens_at(format!("127.0.0.1:{port}").parse().unwrap());
    for host in spelling::all(loopback).into_iter().chain(["0.0.0.0".into(), "0".into(), "[::]".into()]) {
        let url = format!("http://{host}:{port}/");
        let answer = send(&egress, &url, &[naive(&url, true).unwrap()]).await;
        assert_eq!(rule(&url, answer), Some(Rule::Address), "{url}");
    }
    let merchant = Url::parse(&provider.origin).unwrap();
    let delivered = egress.deliver(&merchant, Default::default(), Vec::new(), std::time::Duration::from_secs(5)).await;
    assert_eq!(rule(&provider.origin, delivered), Some(Rule::Address), "a callback");
    assert_eq!(provider.seen().len(), hosts.len(), "nothing more");
}
