use tenantry::resolution::Source;

use crate::support::{at, resolver, word};

const TABLE: &str = include_str!("hosts.txt");

#[test]
fn every_host_of_the_table_says_what_the_table_says() {
    let subdomains = resolver([Source::Subdomain]);
    let both = resolver([Source::Subdomain, Source::CustomDomain]);
    let mut wrong = Vec::new();
    let mut rows = 0;
    for line in TABLE
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        let [host, alone, with_domains] = columns(line);
        for (resolver, expected) in [(&subdomains, alone), (&both, with_domains)] {
            let found = word(&resolver.resolve(&at(&host)));
            if found != expected {
                wrong.push(format!("{line:.60}: {found:.60}, not {expected:.60}"));
            }
        }
        rows += 1;
    }
    assert!(rows > 100, "the table has {rows} rows");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

fn columns(line: &str) -> [String; 3] {
    let columns: Vec<_> = line.split('|').map(|text| unescape(text.trim())).collect();
    columns
        .try_into()
        .unwrap_or_else(|_| panic!("a row has three columns: {line}"))
}

/// `\u{20}` is a character by its number, `{a*3}` is `aaa`, and `""` is no text.
fn unescape(text: &str) -> String {
    if text == "\"\"" {
        return String::new();
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, braced)) = rest.split_once('{') {
        let (inside, after) = braced.split_once('}').unwrap();
        if let Some(before) = before.strip_suffix("\\u") {
            let number = u32::from_str_radix(inside, 16).unwrap();
            out.push_str(before);
            out.push(char::from_u32(number).unwrap());
        } else {
            let (piece, times) = inside.split_once('*').unwrap();
            out.push_str(before);
            out.push_str(&piece.repeat(times.parse().unwrap()));
        }
        rest = after;
    }
    out + rest
}
