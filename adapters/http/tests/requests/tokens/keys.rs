//! Keys that were made for these tests, and are used for nothing else.

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

const RSA_PRIVATE: &str = "-----BEGIN RSA PRIVATE KEY-----
MIIEowIBAAKCAQEAikMxxuAw/JEvA/j8xFsOJZfxwbwrCAbHLyrAcPSxzJ9XtTU0
bp6EEZ/Bp9D/qPWZLHVyorYXWcur1kP91y7GWclCx8HfZmLMCPkZ9FRaRDUJ9Hxw
QUsCcxAQOpn8MY4TRYyRSX5D62kLARoy2loYR7Gm35tYga/zdfW43hVISFO0Zpbp
G37ih8W6iwE9N16Vnwz1M8Ki/SZPTUeCX2WDNjcbCUXz4Kukk12mVpClzDoeVKFz
AOIvaPvW71xwdiz2mhEzrqFJyAsHgz9xuBokaOrgccKAEYbVUaiWCJh35SJ0KSFa
ax6jgUzE9VFFt+lKgLg2X2osGZfG5mKTnWq3AQIDAQABAoIBAAqtekpi1X2n47Lh
l3m9k3fdRmchFkyqI1dV7KM8jn+gPaiJqZkyZj4rMYw5hIkCoJfxoQ8GU4LUixqC
yTeFTf2woJbnNs7EKgA2ZqX7HrZ+RxzJwGyWc6O5tZsk+bhFAeGA49aCaRHk3Jvy
70L0KsRcqKfDqj/nu/xb4/FIwPqO2UGGZuLz78rKAGIYs9AzIOoDFJn94hbEV+G1
kjqMq+bYKTN5WK2Upt7kzDE04Y2VwAdGIkO/iYdmFPmbRScgz5Pvvox1H8Xm1i/W
EJXu7QzXUixCQSWT45hBNfBPgtye/8TBSdq1PIUkb5h8HmMbb9KChuOEdKhw6a2c
3pvK1J0CgYEAwXYRMIsT7DysCuRMEdQb5q7NM/frqOwrdQ6K94rELBB8uknUIXEG
PAUrtVvD7cGpd1eOSOoT91GNPCL7dOiKbAljiyGA6Q7zEqDwFbWy5sRbqaNTdkPS
0oLExn6gGaqfOlJjnr6ATwS7/aCvgDhBbORBt8FwHerDsqymPKiHhz0CgYEAtvUk
eNPZtUYDyew54mR9cHorXXxOI+BGP2pz9mvvEoJMtGal+bCwP2ssG4r5snDzIGfU
R0RtKqctCJlON4JBlLTnJM3vvupAjjWxEnC38VDuZ9pJLwOOjCblny7aJnT9leHd
roYIoDYo7NCOQQEpvz2H9m1aAprwwIa97zVBCxUCgYAOvrPysjbzg3BNaDcQCM2T
mHEVa+jvOAjb5B7dXRs0jJElFalwXw/tlStOqE7XmTIUYXz7u7OH3xRXqAboUyzx
rQmEOip8GOKX4eJKlU2sXvzpggRDeEniN4tN4arMKf/2zv6+w6A95Yt6ejvGFwON
jBwiKEEmVpVR0ezdpK6ntQKBgQCp0H1KvO+8ZkEMAXt0m2smo+5uNftdJ0RshgUe
Ou5K0rAZXZE+YXYlVvc4lVTQADBZ6qVIhMWCqmqNKaZEtVzjhsloCtE09b53gHRb
Nk406LZvpFb7ESUVBuFoT5dhzIK2xE77NyL4eWyg6a6vvUGfZKA25SZ/dopxWF8g
kOBPRQKBgDbAElyDKdtAw8vW+2cbtQxaOQLNokziGQmT5G1QQUrMENK3h2Gqtp00
+ajQxKV25CetUC0Ke3g+mz6qj9Pbp5X7m8V8743R2PWLTr00z3qj32tB5jnebm9U
5SU7BqwgDxzx+URJLOPinwmlBLN5BvPTjqyNXKxexFvXWyXjQgXb
-----END RSA PRIVATE KEY-----
";
pub(super) const RSA_PUBLIC: &str = "-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAikMxxuAw/JEvA/j8xFsO
JZfxwbwrCAbHLyrAcPSxzJ9XtTU0bp6EEZ/Bp9D/qPWZLHVyorYXWcur1kP91y7G
WclCx8HfZmLMCPkZ9FRaRDUJ9HxwQUsCcxAQOpn8MY4TRYyRSX5D62kLARoy2loY
R7Gm35tYga/zdfW43hVISFO0ZpbpG37ih8W6iwE9N16Vnwz1M8Ki/SZPTUeCX2WD
NjcbCUXz4Kukk12mVpClzDoeVKFzAOIvaPvW71xwdiz2mhEzrqFJyAsHgz9xuBok
aOrgccKAEYbVUaiWCJh35SJ0KSFaax6jgUzE9VFFt+lKgLg2X2osGZfG5mKTnWq3
AQIDAQAB
-----END PUBLIC KEY-----
";
const EC_PRIVATE: &str = "-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg6iAH0uD+I2JB+nu9
KcC0o+GEGtjCZaF4abw+JKQdeQShRANCAASEuVyjXmoe5FGpELdeS9/qdK3aD+MP
x9kMKTXlfnSjf5FezQUfNnu7RUbbMdjKkfGQuKlBDAHYmKTs6HPY5x0E
-----END PRIVATE KEY-----
";
pub(super) const EC_PUBLIC: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEhLlco15qHuRRqRC3Xkvf6nSt2g/j
D8fZDCk15X50o3+RXs0FHzZ7u0VG2zHYypHxkLipQQwB2Jik7Ohz2OcdBA==
-----END PUBLIC KEY-----
";
const ED_PRIVATE: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIIw2l71r+y69mYqt5dLU2VTogAsd44OVcqNhEreyiM/A
-----END PRIVATE KEY-----
";
pub(super) const ED_PUBLIC: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAcoUZazXxh1FAYy0ap1ynTz/x9BRX3Ob24O/DSU/NyVg=
-----END PUBLIC KEY-----
";

pub(super) fn rsa(id: Option<&str>, claims: &Value) -> String {
    let key = EncodingKey::from_rsa_pem(RSA_PRIVATE.as_bytes()).unwrap();
    signed(Algorithm::RS256, id, claims, &key)
}

pub(super) fn ec(id: Option<&str>, claims: &Value) -> String {
    let key = EncodingKey::from_ec_pem(EC_PRIVATE.as_bytes()).unwrap();
    signed(Algorithm::ES256, id, claims, &key)
}

pub(super) fn ed(id: Option<&str>, claims: &Value) -> String {
    let key = EncodingKey::from_ed_pem(ED_PRIVATE.as_bytes()).unwrap();
    signed(Algorithm::EdDSA, id, claims, &key)
}

fn signed(algorithm: Algorithm, id: Option<&str>, claims: &Value, key: &EncodingKey) -> String {
    let mut header = Header::new(algorithm);
    header.kid = id.map(Into::into);
    encode(&header, claims, key).unwrap()
}

pub(super) fn ec_jwk(id: &str) -> Value {
    json!({ "kty": "EC", "crv": "P-256", "kid": id, "alg": "ES256", "use": "sig",
        "x": "hLlco15qHuRRqRC3Xkvf6nSt2g_jD8fZDCk15X50o38",
        "y": "kV7NBR82e7tFRtsx2MqR8ZC4qUEMAdiYpOzoc9jnHQQ" })
}

pub(super) fn ed_jwk(id: &str) -> Value {
    json!({ "kty": "OKP", "crv": "Ed25519", "kid": id,
        "x": "coUZazXxh1FAYy0ap1ynTz_x9BRX3Ob24O_DSU_NyVg" })
}
