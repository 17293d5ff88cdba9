//! Every way of writing an address that a URL's parser takes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// All spellings of an address, with those of the IPv6 addresses that lead to an IPv4 one.
pub(super) fn all(address: IpAddr) -> Vec<String> {
    match address {
        IpAddr::V4(address) => {
            let leading = leading_to(address).into_iter().flat_map(spelled_v6);
            spelled_v4(address).into_iter().chain(leading).collect()
        }
        IpAddr::V6(address) => spelled_v6(address),
    }
}

/// The spellings of this address alone.
pub(super) fn own(address: IpAddr) -> Vec<String> {
    match address {
        IpAddr::V4(address) => spelled_v4(address),
        IpAddr::V6(address) => spelled_v6(address),
    }
}

fn spelled_v4(address: Ipv4Addr) -> Vec<String> {
    let [a, b, c, d] = address.octets();
    let whole = address.to_bits();
    let (last_two, last_three) = (whole & 0xffff, whole & 0xff_ffff);
    let dotted = address.to_string();
    let percent = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
    let wide = |text: &str, dot: char| -> String {
        let wide = |c: char| match c {
            '.' => dot,
            digit => char::from_u32(u32::from(digit) + 0xfee0).expect("a fullwidth digit"),
        };
        text.chars().map(wide).collect()
    };
    vec![
        dotted.clone(),
        format!("{dotted}."),
        whole.to_string(),
        format!("{whole:#x}"),
        format!("{whole:#X}").replace("0X", "0x"),
        format!("0X{whole:x}"),
        format!("0{whole:o}"),
        format!("000{whole:o}"),
        format!("{a:#x}.{b:#x}.{c:#x}.{d:#x}"),
        format!("0{a:o}.0{b:o}.0{c:o}.0{d:o}"),
        format!("000{a:o}.00{b:o}.0000{c:o}.0{d:o}"),
        format!("{a:#x}.0{b:o}.{c}.{d}"),
        format!("{a}.{b}.{last_two}"),
        format!("{a}.{b}.{last_two:#x}"),
        format!("{a}.{last_three}"),
        format!("{a:#x}.0{last_three:o}"),
        dotted.replace('.', "%2e"),
        percent(&dotted),
        percent(&whole.to_string()),
        wide(&dotted, '\u{ff0e}'),
        wide(&dotted, '\u{3002}'),
        wide(&dotted, '\u{ff61}'),
        wide(&whole.to_string(), '.'),
    ]
}

fn spelled_v6(address: Ipv6Addr) -> Vec<String> {
    let s = address.segments();
    let [.., a, b, c, d] = address.octets();
    let groups = |group: fn(&u16) -> String| s.iter().map(group).collect::<Vec<_>>();
    let short = groups(|group| format!("{group:x}"));
    [
        address.to_string(),
        short.join(":"),
        short.join(":").to_uppercase(),
        groups(|group| format!("{group:04x}")).join(":"),
        format!("{}:{a}.{b}.{c}.{d}", short[..6].join(":")),
    ]
    .map(|text| format!("[{text}]"))
    .to_vec()
}

/// The IPv6 addresses that stand for an IPv4 one: mapped, compatible, NAT64 of the world and of a network, 6to4, Teredo's
/// client and its server.
pub(super) fn leading_to(address: Ipv4Addr) -> Vec<Ipv6Addr> {
    let bits = u128::from(address.to_bits());
    let [a, b, c, d] = address.octets().map(u16::from);
    let (high, low) = (a << 8 | b, c << 8 | d);
    let prefixed = |prefix: &str| Ipv6Addr::from_bits(prefix.parse::<Ipv6Addr>().expect("a prefix").to_bits() | bits);
    vec![
        prefixed("::ffff:0:0"),
        prefixed("::"),
        prefixed("64:ff9b::"),
        prefixed("64:ff9b:1::"),
        Ipv6Addr::new(0x64, 0xff9b, 1, high, c, d << 8, 0, 0),
        Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
        Ipv6Addr::new(0x2001, 0, 0x0808, 0x0808, 0, 0, !high, !low),
        Ipv6Addr::new(0x2001, 0, high, low, 0, 0, !0x0808, !0x0808),
    ]
}
