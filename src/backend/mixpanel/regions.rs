//! Which address a request goes to.

use crate::catalogue::{Host, Region};

use super::Settings;

/// The domain of all addresses of the service (dossier 2.1).
const SERVICE: &str = "mixpanel.com";

impl Settings {
    /// The address of a request: the configured one for everything where there is one, else that of the region, for
    /// requests about a project of the project's own region (dossier 2.1).
    pub(super) fn address(&self, host: Host, project: Option<Region>) -> &str {
        if let Some(base_url) = &self.base_url {
            return base_url;
        }
        match host {
            Host::Organization => self.region.address(),
            Host::Project => project.unwrap_or(self.region).address(),
            // No other address is documented (dossier section 5).
            Host::Scim => Region::Us.address(),
        }
    }

    /// The address of requests about the organization itself.
    pub fn base_address(&self) -> &str {
        self.address(Host::Organization, None)
    }

    /// The host of the configured address, where it is neither the service's nor this machine. The credential goes there
    /// with every request, so somebody other than whoever writes the configuration has to allow it.
    pub fn strange_host(&self) -> Option<String> {
        let url = reqwest::Url::parse(self.base_url.as_deref()?).ok()?;
        let host = url.host_str().unwrap_or_default().trim_end_matches('.').to_ascii_lowercase();
        let is_service = host == SERVICE || host.strip_suffix(SERVICE).is_some_and(|rest| rest.ends_with('.'));
        let is_here = ["127.0.0.1", "[::1]", "localhost"].contains(&host.as_str());
        (!is_service && !is_here).then_some(host)
    }

    /// Whether requests stay on this machine, where they need no TLS.
    pub(super) fn is_loopback(&self) -> bool {
        let Some(rest) = self.base_url.as_deref().and_then(|url| url.strip_prefix("http://")) else { return false };
        let host = rest.split('/').next().unwrap_or("");
        let host = match host.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => host,
            Some(_) | None => host,
        };
        ["127.0.0.1", "[::1]", "localhost"].contains(&host)
    }
}

/// The region that has `domain`. Credentials go to no other address, whatever an answer says.
pub(super) fn of_domain(domain: &str) -> Option<Region> {
    Region::ALL.into_iter().find(|region| region.address().strip_prefix("https://") == Some(domain))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;
    use crate::model::OrgId;

    #[test]
    fn requests_go_to_the_service_and_nowhere_else() {
        assert_eq!(of_domain("eu.mixpanel.com"), Some(Region::Eu));
        assert_eq!(of_domain("mixpanel.com"), Some(Region::Us));
        for stranger in ["evil.test", "mixpanel.com.evil.test", "eu.mixpanel.com@evil.test", "x.mixpanel.com", ""] {
            assert_eq!(of_domain(stranger), None, "{stranger}");
        }
        let mut settings = Settings {
            organization: OrgId::new(77).unwrap(),
            region: Region::Us,
            base_url: None,
            catalogue: Catalogue::default(),
            reads: 1,
            writes: 1,
            requests_per_minute: None,
        };
        assert_eq!(settings.address(Host::Organization, Some(Region::Eu)), "https://mixpanel.com");
        assert_eq!(settings.address(Host::Project, Some(Region::Eu)), "https://eu.mixpanel.com");
        assert_eq!(settings.address(Host::Project, None), "https://mixpanel.com");
        settings.region = Region::Eu;
        assert_eq!(settings.address(Host::Organization, None), "https://eu.mixpanel.com");
        assert_eq!(settings.address(Host::Scim, None), "https://mixpanel.com");
        settings.region = Region::Us;
        for (url, is_loopback) in [
            ("http://127.0.0.1:80", true),
            ("http://[::1]:80/x", true),
            ("http://[::1]", true),
            ("http://localhost", true),
            ("http://localhost.evil.test", false),
            ("https://localhost", false),
            ("http://10.0.0.1", false),
        ] {
            settings.base_url = Some(url.to_owned());
            assert_eq!(settings.is_loopback(), is_loopback, "{url}");
            let is_here = is_loopback || url == "https://localhost";
            assert_eq!(settings.strange_host().is_none(), is_here, "{url}");
            assert_eq!(settings.address(Host::Project, Some(Region::Eu)), url);
        }
        for (url, strange) in [
            ("https://mixpanel.com", None),
            ("https://x.Mixpanel.com:443/y", None),
            ("https://evil-mixpanel.com", Some("evil-mixpanel.com")),
            ("https://mixpanel.com.evil.test", Some("mixpanel.com.evil.test")),
            ("https://mixpanel.com@evil.test/x", Some("evil.test")),
            ("https://evil.test\\mixpanel.com", Some("evil.test")),
        ] {
            settings.base_url = Some(url.to_owned());
            assert_eq!(settings.strange_host().as_deref(), strange, "{url}");
        }
    }
}
