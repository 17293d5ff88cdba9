//! Names that lead where they should not.

use super::super::address::{BLOCKS, Verdict};
use super::super::loopback::{Loopback, Manner};
use super::super::names::{Checked, Door};
use super::{Egress, Rule, Sentinel, Told, addresses, naive, rule, send, spelling};
use reqwest::dns::Resolve;
use std::collections::BTreeSet;
use std::net::IpAddr;
use url::Url;

const PUBLIC: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(8, 8, 8, 8));
const LOOPBACK: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

/// Each address of the corpus, and what stands for each of IPv4.
pub(super) fn refused() -> BTreeSet<IpAddr> {
    let leading = |address: &IpAddr| match address {
        IpAddr::V4(address) => spelling::leading_to(*address).into_iter().map(IpAddr::V6).collect(),
        IpAddr::V6(_) => Vec::new(),
    };
    let refused = addresses::refused();
    refused.iter().flat_map(leading).chain(refused.iter().copied()).collect()
}

#[tokio::test]
async fn no_name_leads_to_an_address_that_is_not_public() {
    let sentinel = Sentinel::start().await;
    let refused = Vec::from_iter(refused());
    let told = Told::new(&refused.iter().map(std::slice::from_ref).collect::<Vec<_>>());
    let egress = Egress::asking(told.clone());
    let url = format!("http://name.example:{}/", sentinel.port());
    for address in &refused {
        let answer = send(&egress, &url, &[naive(&url, false).unwrap()]).await;
        assert_eq!(rule(&url, answer), Some(Rule::Address), "{address}");
    }
    assert_eq!(told.asked(), refused.len());
    assert!(sentinel.is_untouched().await);
}

#[tokio::test]
async fn every_address_of_a_name_is_looked_at_and_only_public_ones_are_connected_to() {
    let sentinel = Sentinel::start().await;
    let six: IpAddr = "::1".parse().unwrap();
    for all in [&[LOOPBACK, six][..], &[six, LOOPBACK], &[LOOPBACK; 64]] {
        let url = format!("http://name.example:{}/", sentinel.port());
        let answer = send(&Egress::asking(Told::new(&[all])), &url, &[naive(&url, false).unwrap()]).await;
        assert_eq!(rule(&url, answer), Some(Rule::Address), "{all:?}");
    }
    assert!(sentinel.is_untouched().await);
    let mixed = [LOOPBACK, PUBLIC, six, "2606:4700::1111".parse().unwrap(), "10.0.0.1".parse().unwrap()];
    let found = resolved(Told::new(&[&mixed]), "https://name.example:8443").await.unwrap();
    assert_eq!(found, ["8.8.8.8:8443", "[2606:4700::1111]:8443"]);
    let none = resolved(Told::new(&[&[]]), "https://name.example").await.unwrap();
    assert!(none.is_empty(), "a name without addresses is unreachable, and not denied");
}

/// What a client would connect to.
async fn resolved(told: std::sync::Arc<Told>, origin: &str) -> Result<Vec<String>, String> {
    let door = Door::to(&Url::parse(origin).unwrap(), false);
    let checked = Checked { names: told, door, listeners: Default::default() };
    let found = checked.resolve("name.example".parse().unwrap()).await.map_err(|error| error.to_string())?;
    Ok(found.map(|address| address.to_string()).collect())
}

/// Who checks first and asks again when connecting falls for this.
#[tokio::test]
async fn a_name_that_changes_its_mind_gains_nothing() {
    let sentinel = Sentinel::start().await;
    let url = format!("http://name.example:{}/", sentinel.port());
    let told = Told::new(&[&[PUBLIC], &[LOOPBACK]]);
    assert_eq!(resolved(told.clone(), &url).await.unwrap().len(), 1, "public at first");
    let egress = Egress::asking(told.clone());
    for _ in 0..8 {
        assert_eq!(rule(&url, send(&egress, &url, &[naive(&url, false).unwrap()]).await), Some(Rule::Address));
    }
    assert_eq!(told.asked(), 9, "once for each connection: what was answered is what is connected to");
    assert!(sentinel.is_untouched().await);
}

/// The connection stays where it was checked to lead, whatever the name says later.
#[tokio::test]
async fn a_connection_that_stands_is_not_led_elsewhere() {
    let provider = Loopback::start(Manner::status(200, "")).await;
    let port = Url::parse(&provider.origin).unwrap().port().unwrap();
    let url = format!("http://name.example:{port}/");
    let told = Told::new(&[&[LOOPBACK], &["169.254.169.254".parse().unwrap()]]);
    let (egress, grant) = (Egress::asking(told.clone()), naive(&url, true).unwrap());
    for _ in 0..3 {
        assert_eq!(send(&egress, &url, std::slice::from_ref(&grant)).await.unwrap().status, 200);
    }
    assert_eq!((provider.seen().len(), told.asked()), (3, 1));
    // What a private grant opened is not there for the same origin without it.
    assert_eq!(rule(&url, send(&egress, &url, &[naive(&url, false).unwrap()]).await), Some(Rule::Address));
}

#[tokio::test]
async fn a_private_name_reaches_no_metadata_service_and_not_this_host() {
    let sentinel = Sentinel::start().await;
    let url = format!("http://name.example:{}/", sentinel.port());
    let grant = naive(&url, true).unwrap();
    let metadata = BLOCKS.iter().filter(|block| block.verdict == Verdict::Metadata).map(|block| block.first);
    let forms = metadata.flat_map(|address| match address {
        IpAddr::V4(four) => spelling::leading_to(four).into_iter().map(IpAddr::V6).chain([address]).collect(),
        IpAddr::V6(_) => vec![address],
    });
    for address in forms {
        let answer = send(&Egress::asking(Told::new(&[&[address]])), &url, std::slice::from_ref(&grant)).await;
        assert_eq!(rule(&url, answer), Some(Rule::Address), "{address}");
    }
    let itself = ["127.0.0.1", "0.0.0.0", "::ffff:127.0.0.1"].map(|address| address.parse().unwrap());
    for address in itself {
        let egress = Egress::asking(Told::new(&[&[address]]));
        egress.listens_at(sentinel.address);
        let answer = send(&egress, &url, std::slice::from_ref(&grant)).await;
        assert_eq!(rule(&url, answer), Some(Rule::Address), "{address}");
        let merchant = Url::parse(&url).unwrap();
        let told = egress.deliver(&merchant, Default::default(), Vec::new(), std::time::Duration::from_secs(5)).await;
        assert_eq!(rule(&url, told), Some(Rule::Address), "a callback to {address}");
    }
    assert!(sentinel.is_untouched().await);
}
