/// The slot of a cluster that a key is in: of its hash tag, if it has one.
///
/// <https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#key-distribution-model>
pub(super) fn slot_of(key: &[u8]) -> u16 {
    crc16(tag(key)) % SLOTS
}

pub(super) const SLOTS: u16 = 16_384;

/// What stands between the first brace and the next closing one, unless that is nothing.
fn tag(key: &[u8]) -> &[u8] {
    let after = |brace: u8, bytes: &[u8]| bytes.iter().position(|byte| *byte == brace);
    let Some(open) = after(b'{', key) else {
        return key;
    };
    let rest = &key[open + 1..];
    match after(b'}', rest) {
        None | Some(0) => key,
        Some(close) => &rest[..close],
    }
}

/// CRC-16/XMODEM.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        let mixed = crc ^ (u16::from(*byte) << 8);
        (0..8).fold(mixed, |crc, _| {
            let shifted = crc << 1;
            if crc & 0x8000 == 0 {
                shifted
            } else {
                shifted ^ 0x1021
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_those_of_the_specification() {
        assert_eq!(crc16(b"123456789"), 0x31C3, "its own check value");
        // As `CLUSTER KEYSLOT` says.
        assert_eq!(slot_of(b"foo"), 12_182);
        assert_eq!(slot_of(b"tenant:{foo}:users"), 12_182);
        assert_eq!(slot_of(b"{foo}{bar}"), 12_182, "the first tag counts");
        assert_eq!(slot_of(b"{foo}}"), 12_182, "up to the first end");
        assert_eq!(
            slot_of(b"foo{}{bar}"),
            slot_of_whole(b"foo{}{bar}"),
            "an empty tag is none"
        );
        assert_eq!(
            slot_of(b"foo{bar"),
            slot_of_whole(b"foo{bar"),
            "nor is one without an end"
        );
    }

    fn slot_of_whole(key: &[u8]) -> u16 {
        crc16(key) % SLOTS
    }
}
