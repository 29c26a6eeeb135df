//! The licence we seem to have: the official web app shows its connection pages to licensed servers only.
//! Source: client-api 4.4 and 6.5.
#![expect(missing_docs, reason = "members are named and meant as in client-api 6.5")]

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// When it "ends": far away, ms.
const EXPIRES_AT: i64 = 4_102_444_800_000;
const USERS: i64 = 100_000;
const SKU: &str = "enterprise";

/// Features clients may count on.
const ON: &[&str] = &["Announcement", "RemoteClusterService", "SharedChannels"];

/// Features that are not here. `Cloud` above all: anything else makes clients ask for bills.
const OFF: &[&str] = &[
    "Cloud",
    "Cluster",
    "Compliance",
    "CustomPermissionsSchemes",
    "CustomTermsOfService",
    "DataRetention",
    "Elasticsearch",
    "EmailNotificationContents",
    "GoogleOAuth",
    "GuestAccounts",
    "GuestAccountsPermissions",
    "IDLoadedPushNotifications",
    "IsGovSku",
    "IsTrial",
    "LDAP",
    "LDAPGroups",
    "LockTeammateNameDisplay",
    "MFA",
    "MHPNS",
    "MessageExport",
    "Metrics",
    "Office365OAuth",
    "OpenId",
    "OutgoingOAuthConnections",
    "SAML",
];

/// What only holders of `read_license_information` see.
const RESERVED: &[&str] = &["Id", "Name", "Email", "IssuedAt", "StartsAt", "ExpiresAt", "SkuName"];

/// `GET /license/client`: flat, every value a string. `since` is when the server was set up, ms.
pub fn client_license(id: &str, since: i64) -> BTreeMap<String, String> {
    let flags = ON.iter().map(|key| (*key, "true")).chain(OFF.iter().map(|key| (*key, "false")));
    let mut map: BTreeMap<String, String> = flags.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    for (key, value) in [
        ("IsLicensed", "true".to_owned()),
        ("Id", id.to_owned()),
        ("SkuName", "Rialto".to_owned()),
        ("SkuShortName", SKU.to_owned()),
        ("Users", USERS.to_string()),
        ("IssuedAt", since.to_string()),
        ("StartsAt", since.to_string()),
        ("ExpiresAt", EXPIRES_AT.to_string()),
        ("Name", String::new()),
        ("Email", String::new()),
        ("Company", String::new()),
    ] {
        map.insert(key.to_owned(), value);
    }
    map
}

/// The same for callers without `read_license_information`.
pub fn client_license_sanitized(id: &str, since: i64) -> BTreeMap<String, String> {
    let mut map = client_license(id, since);
    map.retain(|key, _| !RESERVED.contains(&key.as_str()));
    map
}

/// `POST /license`: the answer to any upload; nothing is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LicenseObject {
    pub id: String,
    pub issued_at: i64,
    pub starts_at: i64,
    pub expires_at: i64,
    pub customer: Customer,
    pub features: Features,
    pub sku_name: String,
    pub sku_short_name: String,
    pub is_trial: bool,
    pub is_gov_sku: bool,
}

/// Nobody.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Customer {
    pub id: String,
    pub name: String,
    pub email: String,
    pub company: String,
}

/// What the licence allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Features {
    pub users: i64,
    pub ldap: bool,
    pub ldap_groups: bool,
    pub mfa: bool,
    pub google_oauth: bool,
    pub office365_oauth: bool,
    pub openid: bool,
    pub compliance: bool,
    pub cluster: bool,
    pub metrics: bool,
    pub mhpns: bool,
    pub saml: bool,
    pub elastic_search: bool,
    pub announcement: bool,
    pub email_notification_contents: bool,
    pub data_retention: bool,
    pub message_export: bool,
    pub custom_permissions_schemes: bool,
    pub custom_terms_of_service: bool,
    pub guest_accounts: bool,
    pub guest_accounts_permissions: bool,
    pub id_loaded: bool,
    pub lock_teammate_name_display: bool,
    pub cloud: bool,
    pub shared_channels: bool,
    pub remote_cluster_service: bool,
    pub outgoing_oauth_connections: bool,
    pub future_features: bool,
}

impl LicenseObject {
    /// The one there is.
    pub fn new(id: &str, since: i64) -> LicenseObject {
        LicenseObject {
            id: id.to_owned(),
            issued_at: since,
            starts_at: since,
            expires_at: EXPIRES_AT,
            customer: Customer::default(),
            features: Features {
                users: USERS,
                ldap: false,
                ldap_groups: false,
                mfa: false,
                google_oauth: false,
                office365_oauth: false,
                openid: false,
                compliance: false,
                cluster: false,
                metrics: false,
                mhpns: false,
                saml: false,
                elastic_search: false,
                announcement: true,
                email_notification_contents: false,
                data_retention: false,
                message_export: false,
                custom_permissions_schemes: false,
                custom_terms_of_service: false,
                guest_accounts: false,
                guest_accounts_permissions: false,
                id_loaded: false,
                lock_teammate_name_display: false,
                cloud: false,
                shared_channels: true,
                remote_cluster_service: true,
                outgoing_oauth_connections: false,
                future_features: false,
            },
            sku_name: "Rialto".to_owned(),
            sku_short_name: SKU.to_owned(),
            is_trial: false,
            is_gov_sku: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SC-002.
    #[test]
    fn looks_licensed_for_what_is_here() {
        let map = client_license("i", 5);
        for (key, value) in
            [("IsLicensed", "true"), ("SharedChannels", "true"), ("Cloud", "false"), ("SkuShortName", SKU)]
        {
            assert_eq!(map.get(key).map(String::as_str), Some(value), "{key}");
        }
        let less = client_license_sanitized("i", 5);
        assert!(less.contains_key("IsLicensed") && !less.contains_key("Id") && !less.contains_key("ExpiresAt"));
        let object = LicenseObject::new("i", 5);
        assert!(object.features.shared_channels && object.features.remote_cluster_service && !object.features.cloud);
    }
}
